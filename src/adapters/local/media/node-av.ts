import { readFileSync } from 'node:fs';
import { AV_LOG_QUIET } from 'node-av/constants';
import { getFFmpegInfo, Log } from 'node-av/lib';
import type { Codec } from './backend.ts';
import { openNodeAvClip } from './node-av-clip.ts';
import { concatWithNodeAv } from './node-av-concat.ts';
import { openNodeAvSink } from './node-av-sink.ts';

/** The codec of the package node-av (FFmpeg's libraries in process). Importing this module loads its native code. */
export function openNodeAv(): Codec {
  Log.setLevel(AV_LOG_QUIET);
  const manifest = new URL('../../package.json', import.meta.resolve('node-av/lib'));
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return {
    name: `node-av ${version} (FFmpeg ${getFFmpegInfo().version})`,
    openSink: openNodeAvSink,
    openClip: openNodeAvClip,
    concat: concatWithNodeAv,
  };
}
