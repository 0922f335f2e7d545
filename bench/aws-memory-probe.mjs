// Loaded before a server that runs with --expose-gc: at SIGUSR2 it collects its garbage and writes its memory to stderr, in MB.
import { setTimeout as sleep } from 'node:timers/promises';

process.on('SIGUSR2', async () => {
  for (let round = 0; round < 4; round++) {
    globalThis.gc();
    await sleep(250);
  }
  const { heapUsed, rss, external, arrayBuffers } = process.memoryUsage();
  console.error(
    `memory ${JSON.stringify({ heapMb: heapUsed / 2 ** 20, rssMb: rss / 2 ** 20, externalMb: external / 2 ** 20, buffersMb: arrayBuffers / 2 ** 20 })}`,
  );
});
