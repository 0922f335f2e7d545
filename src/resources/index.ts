import type { McpServer } from '@modelcontextprotocol/server';
import type { OpenStudio } from '../studio.ts';
import { registerAssets } from './assets.ts';
import { registerCollections } from './collections.ts';
import { registerJobs } from './jobs.ts';
import { registerReports } from './reports.ts';

/** Everything that can be read; whatever is here is also reachable through a tool, since many clients read no resources. */
export function registerResources(server: McpServer, open: OpenStudio): void {
  registerCollections(server, open);
  registerAssets(server, open);
  registerJobs(server, open);
  registerReports(server, open);
}
