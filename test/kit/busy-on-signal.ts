// Loaded before a program with `node --import`: SIGUSR2 keeps its event loop busy for 5 s, as a long
// computation would. The kernel goes on taking what comes over its sockets.
const BUSY_MS = 5_000;

process.on('SIGUSR2', () => {
  const endMs = performance.now() + BUSY_MS;
  while (performance.now() < endMs);
});
