export { createRogers, type RogersOptions, type RogersPlanner } from './create-rogers.ts';
