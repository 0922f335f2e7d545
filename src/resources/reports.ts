import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import type { OpenStudio } from '../studio.ts';
import { reportOutput } from '../tools/report-output.ts';
import { jsonContent, reading } from './read.ts';

const COMPLETIONS = 100;
const JSON_TYPE = 'application/json';

/** Reports are found through the jobs that name them, and by completion: there is no list of all. */
export function registerReports(server: McpServer, open: OpenStudio): void {
  const complete = {
    id: async (value: string) => {
      const { film, ports } = await open();
      return (await film.reportIds(ports, COMPLETIONS)).filter((id) => id.startsWith(value));
    },
  };
  const template = new ResourceTemplate('vrag://reports/{id}', { list: undefined, complete });
  const about = { title: 'Report', description: 'The quality report of a take, with its contact sheet, or of a clip' };
  server.registerResource('reports', template, about, (uri, { id }) =>
    reading(uri, async () => {
      const { film, ports } = await open();
      const { report, evidence, evidenceKey: _, shot, ...rest } = await film.requireReport(ports, String(id));
      const sheet = evidence ? [{ uri: uri.href, mimeType: evidence.mediaType, blob: Buffer.from(evidence.bytes).toString('base64') }] : [];
      const number = shot === undefined ? {} : { shot: shot + 1 };
      return { contents: [jsonContent(uri, { ...rest, ...number, series: `${uri.href}/series`, report: reportOutput(report) }), ...sheet] };
    }),
  );
  const series = new ResourceTemplate('vrag://reports/{id}/series', { list: undefined, complete });
  const what = 'Every measure of a report over time, for plotting: columns with their units; under 120 kB';
  server.registerResource('report-series', series, { title: 'Series of a report', description: what, mimeType: JSON_TYPE }, (uri, { id }) =>
    reading(uri, async () => {
      const { film, ports } = await open();
      // Without line breaks: a number on each line would make it three times as long.
      return { contents: [{ uri: uri.href, mimeType: JSON_TYPE, text: JSON.stringify(await film.requireSeries(ports, String(id))) }] };
    }),
  );
}
