export { busConformance, type MakeBus } from './conformance.ts';
