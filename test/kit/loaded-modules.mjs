// Writes the address of each module that a program loads, a line each, into the file of LOADED_MODULES:
//   NODE_OPTIONS=--import=./test/kit/loaded-modules.mjs LOADED_MODULES=/tmp/modules node main.ts
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import process from 'node:process';

registerHooks({
  load(url, context, nextLoad) {
    appendFileSync(process.env.LOADED_MODULES, `${url}\n`);
    return nextLoad(url, context);
  },
});
