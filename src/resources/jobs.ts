import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import type { OpenStudio } from '../studio.ts';
import { jobOutput } from '../tools/job-output.ts';
import { jsonContent, reading } from './read.ts';

const LISTED = 50;
const COMPLETIONS = 100;

export function registerJobs(server: McpServer, open: OpenStudio): void {
  const template = new ResourceTemplate('vrag://jobs/{id}', {
    list: async () => {
      const { ports, film } = await open();
      const { views } = await film.listJobs(ports, { limit: LISTED });
      return {
        resources: views.map((view) => ({
          uri: `vrag://jobs/${view.id}`,
          name: view.id,
          title: `${view.state}: ${view.takes[0]?.shot.prompt.slice(0, 80) ?? ''}`,
          mimeType: 'application/json',
        })),
      };
    },
    complete: {
      id: async (value) => {
        const { ports, film } = await open();
        const { views } = await film.listJobs(ports, { limit: COMPLETIONS });
        return views.map((view) => view.id).filter((id) => id.startsWith(value));
      },
    },
  });
  server.registerResource(
    'jobs',
    template,
    { title: 'Job', description: 'A video job with its shots and the manifest of its video', mimeType: 'application/json' },
    (uri, { id }) =>
      reading(uri, async () => {
        const studio = await open();
        const view = await studio.film.requireJobView(studio.ports, String(id));
        return { contents: [jsonContent(uri, { ...jobOutput(studio, view), manifest: await studio.film.readManifest(studio.ports, view.job.videoId) })] };
      }),
  );
}
