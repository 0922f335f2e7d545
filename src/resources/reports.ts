import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import type { OpenStudio } from '../studio.ts';
import { reportOutput } from '../tools/report-output.ts';
import { jsonContent, reading } from './read.ts';

/** Reports are found through the jobs that name them: there is no list of all. */
export function registerReports(server: McpServer, open: OpenStudio): void {
  const template = new ResourceTemplate('vrag://reports/{id}', { list: undefined });
  server.registerResource('reports', template, { title: 'Report', description: 'The quality report of a take, with its contact sheet' }, (uri, { id }) =>
    reading(uri, async () => {
      const { film, ports } = await open();
      const { report, evidence, evidenceKey: _, ...about } = await film.requireReport(ports, String(id));
      const sheet = evidence ? [{ uri: uri.href, mimeType: evidence.mediaType, blob: Buffer.from(evidence.bytes).toString('base64') }] : [];
      return { contents: [jsonContent(uri, { ...about, shot: about.shot + 1, report: reportOutput(report) }), ...sheet] };
    }),
  );
}
