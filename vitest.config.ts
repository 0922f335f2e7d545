import { defineConfig } from 'vitest/config';

const root = import.meta.dirname;

export default defineConfig({
  resolve: {
    // Tests import src/*.ts for its types and run dist/*.js: child processes and the bin need built files,
    // so everything under test is exactly what is shipped. `npm test` builds first.
    alias: [{ find: /^(?:\.\.\/)+src\/(.*)\.ts$/, replacement: `${root}/dist/$1.js` }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    server: { deps: { external: [/\/dist\//] } },
    // Signing, joining, rendering and measuring share two cores with whatever else the machine does.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
