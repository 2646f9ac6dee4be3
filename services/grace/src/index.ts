export { createGrace } from './create-grace.ts';
