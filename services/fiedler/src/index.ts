export { createFiedler, type FiedlerOptions } from './create-fiedler.ts';
