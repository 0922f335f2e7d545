// The brush: masks by words against hand-drawn ones, and what fills are like beside Telea's and Navier-Stokes' in the same run.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { measureFill } from './inpaint-fill.mjs';
import { measureMasks } from './inpaint-words.mjs';

export async function bench({ say, data }) {
  for (const folder of ['dreambooth', 'aws-sample-video-rag']) {
    if (existsSync(path.join(data, folder))) continue;
    console.error(`No ${folder} in ${data}: give --data DIR.`);
    process.exit(2);
  }
  return { ...(await measureMasks({ say, data })), ...(await measureFill({ say, data })) };
}
