import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { AppError } from '../errors.ts';
// The type alone is imported: the compiler checks the packaged file against `CalibrationFile` and copies it into the build.
import type packaged from './calibration/vision-lite0.1+colour.1.json';
import type { Calibration, CalibrationFile } from './cut-points.ts';
import { GATES } from './gates.ts';

/** Cut points by gate; gates without one have no verdict. */
export type GateCalibrations = Readonly<Record<string, Calibration>>;

/** The packaged file whose gates that need no model are valid with every embedder. */
const PACKAGED = 'vision-lite0.1+colour.1';

/**
 * The cut points for an embedder on given views, from the user's `file` or else in the package: those of all gates where it was calibrated, else those of the gates that
 * look at pixels alone. A gate whose statistic is another one by now has none.
 * MISCONFIGURED where the user's file cannot be used.
 */
export async function loadCalibration(embedderId: string, views: string, file?: string): Promise<GateCalibrations> {
  const own = file === undefined ? await readCalibration(embedderId) : await readOwn(file, embedderId, views);
  const valid = own && own.embedderId === embedderId && own.preprocessing === views ? own : undefined;
  const pixels = valid ?? (await readCalibration(PACKAGED));
  const entries = GATES.flatMap((gate): [string, Calibration][] => {
    const calibration = (gate.needsModel ? valid : pixels)?.gates[gate.id];
    return calibration?.statistic === gate.unit ? [[gate.id, calibration]] : [];
  });
  return Object.fromEntries(entries);
}

async function readCalibration(embedderId: string): Promise<CalibrationFile | undefined> {
  const file = new URL(`./calibration/${calibrationFileName(embedderId)}`, import.meta.url);
  try {
    return JSON.parse(await readFile(file, 'utf8')) as typeof packaged as unknown as CalibrationFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AppError('MISCONFIGURED', 'The calibration of the quality checks cannot be read.', { hint: 'Install the package again.', cause: error });
  }
}

const OwnFile = z.object({
  embedderId: z.string(),
  preprocessing: z.string(),
  gates: z.record(z.string(), z.looseObject({ statistic: z.string(), better: z.enum(['higher', 'lower']), fail: z.number(), pass: z.number() })),
});

const AGAIN = 'Make it again with `vrag-mcp calibrate`, or leave VRAG_CALIBRATION empty.';

/** The user's own cut points; they are not replaced by others in silence. */
async function readOwn(file: string, embedderId: string, views: string): Promise<CalibrationFile> {
  let found: CalibrationFile;
  try {
    found = OwnFile.parse(JSON.parse(await readFile(file, 'utf8'))) as unknown as CalibrationFile;
  } catch (cause) {
    throw new AppError('MISCONFIGURED', 'The file in VRAG_CALIBRATION cannot be read or holds no cut points.', { hint: AGAIN, cause });
  }
  if (found.embedderId === embedderId && found.preprocessing === views) return found;
  throw new AppError('MISCONFIGURED', `The cut points in VRAG_CALIBRATION are for "${found.embedderId}", the eye sees with "${embedderId}".`, { hint: AGAIN });
}

/** File name for an embedder id: anything but letters, digits, `.`, `_`, `+` and `-` becomes `_`. */
export function calibrationFileName(embedderId: string): string {
  return `${embedderId.replace(/[^\w.+-]/g, '_')}.json`;
}
