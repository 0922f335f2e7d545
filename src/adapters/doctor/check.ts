import { errorData } from '../../errors.ts';

/** What a check found. `note`: it works, but somebody may want to know; `problem`: something that is configured does not work. */
export interface Finding {
  state: 'ok' | 'note' | 'problem';
  text: string;
  /** What to do about it. */
  fix?: string;
}

/** One thing that a server needs. */
export interface Check {
  /** For people, e.g. `data folder`. */
  what: string;
  look(): Promise<Finding>;
}

/** Runs a check; what it throws is a problem, and its hint the fix. */
export async function lookAt({ look }: Check): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    const { code, message, hint } = errorData(error);
    if (code === 'INTERNAL') console.error(error);
    return { state: 'problem', text: message, ...(hint ? { fix: hint } : {}) };
  }
}
