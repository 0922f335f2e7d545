import { type ParseArgsConfig, parseArgs } from 'node:util';
import { AppError } from '../errors.ts';

/** `parseArgs` whose complaints name the help; MISCONFIGURED. */
export function readArguments<Options extends NonNullable<ParseArgsConfig['options']>>(args: string[], options: Options, command = '') {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new AppError('MISCONFIGURED', error instanceof Error ? error.message : 'The arguments are wrong.', {
      hint: `See vrag-mcp ${command ? `${command} ` : ''}--help.`,
    });
  }
}
