export { createRogers, type RogersOptions } from './create-rogers.ts';
