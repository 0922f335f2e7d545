import { readFile } from 'node:fs/promises';
import { AppError } from '../errors.ts';
// The type alone is imported: the compiler checks the packaged file against `Calibration` and copies it into the build.
import type packaged from './calibration/vision-lite0.1+colour.1.json';
import type { Calibration } from './report.ts';

/** The calibration in the package for an embedder and a statistic on given views, or `undefined`: then the check has no verdict. */
export async function loadCalibration(embedderId: string, statistic: string, views: string): Promise<Calibration | undefined> {
  const file = new URL(`./calibration/${calibrationFileName(embedderId)}`, import.meta.url);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AppError('MISCONFIGURED', 'The calibration of the quality checks cannot be read.', { hint: 'Install the package again.', cause: error });
  }
  const calibration: Calibration = JSON.parse(text) as typeof packaged;
  const matches = calibration.embedderId === embedderId && calibration.statistic === statistic && calibration.preprocessing === views;
  return matches ? calibration : undefined;
}

/** File name for an embedder id: anything but letters, digits, `.`, `_`, `+` and `-` becomes `_`. */
export function calibrationFileName(embedderId: string): string {
  return `${embedderId.replace(/[^\w.+-]/g, '_')}.json`;
}
