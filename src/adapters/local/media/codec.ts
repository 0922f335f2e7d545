import { AppError } from '../../../errors.ts';
import { type Codec, type CodecChoice, INSTALL_HINT } from './backend.ts';

export type { CodecChoice } from './backend.ts';

const found = new Map<CodecChoice, Promise<Codec>>();

/** The codec to use, looked for once per process. UNSUPPORTED names what is missing and how to get it. */
export function findCodec(choice: CodecChoice = 'auto'): Promise<Codec> {
  let search = found.get(choice);
  if (!search) {
    search = look(choice);
    found.set(choice, search);
  }
  return search;
}

async function look(choice: CodecChoice): Promise<Codec> {
  const causes: unknown[] = [];
  for (const name of choice === 'auto' ? (['node-av', 'ffmpeg'] as const) : [choice]) {
    try {
      return name === 'node-av' ? (await import('./node-av.ts')).openNodeAv() : await (await import('./program.ts')).openProgram();
    } catch (error) {
      causes.push(error);
    }
  }
  const missing = {
    auto: 'the package node-av or the programs ffmpeg and ffprobe',
    'node-av': 'the package node-av',
    ffmpeg: 'the programs ffmpeg and ffprobe',
  };
  throw new AppError('UNSUPPORTED', `No video codec is installed: ${missing[choice]} cannot be loaded.`, {
    hint: INSTALL_HINT,
    cause: new AggregateError(causes),
  });
}
