// Loaded before a program: SIGUSR2 frees its heap of what is not used any more, so that its size says
// what is kept. NODE_OPTIONS='--expose-gc --import=./test/kit/collect-garbage.mjs' node main.ts
process.on('SIGUSR2', () => globalThis.gc());
