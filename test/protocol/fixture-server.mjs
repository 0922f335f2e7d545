// The product's own server factory and HTTP layer with the conformance suite's fixtures added:
// node test/protocol/fixture-server.mjs DATA_FOLDER. Prints its address on stderr and ends with its stdin.
import { loadConfig } from '../../dist/config.js';
import { listen } from '../../dist/http.js';
import { createServer } from '../../dist/server.js';
import { lazyStudio } from '../../dist/studio.js';
import { registerFixtures } from './fixtures/index.mjs';

const studio = lazyStudio(loadConfig({ VRAG_HOME: process.argv[2], VRAG_DEFAULT_DIRS: 'off' }), { localPaths: true });
const { close } = await listen(() => registerFixtures(createServer(studio.open)), 0);
process.stdin.resume().once('end', async () => {
  await close();
  await studio.close();
  process.exit(0);
});
