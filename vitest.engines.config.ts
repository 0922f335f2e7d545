import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** Suites over real engines, which are downloaded and started here: `npm run test:engines`. Not a part of `npm test`. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/engines/**/*.engine.ts'],
    globalSetup: ['test/engines/setup-radosgw.ts'],
    // The engines themselves need the cores.
    maxWorkers: 1,
  },
});
