import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import type { OpenStudio } from '../studio.ts';
import { type AnyJob, linkedJobData, listJobs, requireJob } from '../tools/job-list.ts';
import { jsonContent, reading } from './read.ts';

const LISTED = 50;
const COMPLETIONS = 100;

export function registerJobs(server: McpServer, open: OpenStudio): void {
  const template = new ResourceTemplate('vrag://jobs/{id}', {
    list: async () => {
      const { jobs } = await listJobs(await open(), { limit: LISTED });
      return {
        resources: jobs.map((job) => ({ uri: `vrag://jobs/${idOf(job)}`, name: idOf(job), title: titleOf(job), mimeType: 'application/json' })),
      };
    },
    complete: {
      id: async (value) => {
        const { jobs } = await listJobs(await open(), { limit: COMPLETIONS });
        return jobs.map(idOf).filter((id) => id.startsWith(value));
      },
    },
  });
  server.registerResource(
    'jobs',
    template,
    { title: 'Job', description: 'A job: of a video its shots and manifest, of the library its files', mimeType: 'application/json' },
    (uri, { id }) =>
      reading(uri, async () => {
        const studio = await open();
        const job = await requireJob(studio, String(id));
        const manifest = job.film && (await studio.film.readManifest(studio.ports, job.film.job.videoId));
        return { contents: [jsonContent(uri, { ...(await linkedJobData(studio, job)), ...(job.film ? { manifest } : {}) })] };
      }),
  );
}

const idOf = ({ film, assets }: AnyJob): string => (film ?? assets).id;

function titleOf({ film, assets }: AnyJob): string {
  if (film) return `${film.state}: ${film.takes[0]?.shot.prompt.slice(0, 80) ?? ''}`;
  return `${assets.state}: ${assets.job.work.type}, ${assets.job.work.collection}`;
}
