// Before the first test: the cluster is rid of what an earlier run that was broken off has left on it.
export { removeLeftovers as setup } from '../kit/cluster.ts';
