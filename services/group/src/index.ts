export { buildGroup } from './build-group.ts';
