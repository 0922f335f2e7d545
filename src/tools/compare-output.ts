import type { ComparedTakes } from '../film/compare.ts';
import type { ReportData } from './report-output.ts';

type Numbers = Record<string, number>;

/** Which take is better, and how the others differ, as results show it. */
export type ComparedData = {
  /** The take that is better, as it was named; absent: none is. */
  better?: string;
  reason: string;
  /** `gates`: scores, of several shots the worst; `differences`: less those of the better take (of the first one where none is better). */
  takes: {
    take: string;
    reportId: string;
    verdict: ReportData['verdict'];
    flagged: string[];
    gates: Numbers;
    differences?: Numbers;
    betterIn?: string[];
    worseIn?: string[];
  }[];
  /** By gate: up to this a difference is noise. */
  noise: Numbers;
};

export function comparedOutput({ comparison, reports }: ComparedTakes): ComparedData {
  const { better, reason, takes, noise } = comparison;
  return {
    ...(better === undefined ? {} : { better }),
    reason,
    takes: takes.map(({ name, verdict, flagged, gates, differences, betterIn, worseIn }, index) => ({
      ...{ take: name, reportId: reports[index].reportId, verdict, flagged: [...new Set(flagged)], gates },
      ...(differences ? { differences, betterIn: betterIn ?? [], worseIn: worseIn ?? [] } : {}),
    })),
    noise,
  };
}

/** The same as lines of text. */
export function comparedText({ better, reason, takes, noise }: ComparedData): string {
  const pairs = (numbers: Numbers) => Object.entries(numbers).map(([gate, value]) => `${gate} ${value}`);
  const signed = (numbers: Numbers) => Object.entries(numbers).map(([gate, value]) => `${gate} ${value > 0 ? '+' : ''}${value}`);
  const lines = takes.map(({ take, reportId, verdict, flagged, gates, differences, betterIn = [], worseIn = [] }) => {
    const report = reportId === take ? '' : `, report ${reportId}`;
    const flags = flagged.length > 0 ? ` (${flagged.join(', ')})` : '';
    const beyond = [betterIn.length > 0 && `better in ${betterIn.join(', ')}`, worseIn.length > 0 && `worse in ${worseIn.join(', ')}`].filter(Boolean);
    const beside = differences ? `; difference: ${signed(differences).join(', ')}; beyond noise: ${beyond.join(', ') || 'nothing'}` : '';
    return `- ${take}${report}: ${verdict}${flags}; ${pairs(gates).join(', ')}${beside}`;
  });
  const head = better === undefined ? `No take is better: ${reason}.` : `Better: ${better}, because ${reason}.`;
  return [head, ...lines, `A difference is noise up to: ${pairs(noise).join(', ')}.`].join('\n');
}
