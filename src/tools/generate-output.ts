import * as z from 'zod';
import type { CostPreview } from '../film/approval.ts';
import type { PlannedReference } from '../film/references.ts';
import type { SimilarVideo } from '../film/similar.ts';
import type { PlannedShot } from '../film/storyboard.ts';
import { cleanText } from '../library/text.ts';
import { providerSentence } from './job-output.ts';

/** What every result has; `GenerateData` says what comes where there is more. */
export const GenerateOutput = z.looseObject({
  jobId: z.string().optional(),
  batchId: z.string().optional(),
  state: z.string(),
  existing: z.boolean().describe('True: the job that this request made before'),
  shots: z.array(z.looseObject({ prompt: z.string(), dropped: z.array(z.string()) })),
  durationSeconds: z.number(),
  costUsd: z.number(),
  advice: z.string(),
});

/** One reference as results show it. */
type ReferenceData = { id: string; role: string; name: string; atSeconds?: number; retrieved?: string[] };

/** One shot as results show it. */
export type ShotData = {
  /** Of a batch, each of whose shots is a job. */
  jobId?: string;
  existing?: boolean;
  prompt: string;
  durationSeconds: number;
  camera?: string;
  /** The first reference; `references` has all where there is more to say of them. */
  referenceId?: string;
  referenceName?: string;
  /** Candidates with their scores, best first. */
  retrieved?: string[];
  references?: ReferenceData[];
  dropped: string[];
};

/** The result of generate_video. */
export type GenerateData = {
  jobId?: string;
  batchId?: string;
  state: string;
  existing: boolean;
  provider: string;
  generative: boolean;
  width: number;
  height: number;
  fps: number;
  shots: ShotData[];
  /** Of the finished video; of a batch the sum over its videos. */
  durationSeconds: number;
  /** The most that it may cost; 0 where it is free. */
  costUsd: number;
  /** Of a plan: what the ceilings say to that. */
  budget?: CostPreview;
  /** Finished clips that come close to the request, best first; then nothing was started. */
  similar?: SimilarVideo[];
  pollAfterSeconds: number;
  advice: string;
};

export function shotOutput(shot: PlannedShot): ShotData {
  const references = shot.references.map(referenceOutput);
  const [first] = references;
  const plain = references.length < 2 && references.every(({ role, atSeconds }) => role === 'firstFrame' && atSeconds === undefined);
  return {
    prompt: shot.prompt,
    durationSeconds: shot.durationSeconds,
    ...(shot.camera ? { camera: shot.camera } : {}),
    ...(first ? { referenceId: first.id, referenceName: first.name } : {}),
    ...(first?.retrieved ? { retrieved: first.retrieved } : {}),
    ...(plain ? {} : { references }),
    dropped: shot.dropped,
  };
}

function referenceOutput({ assetId, role, name, atSeconds, retrieval }: PlannedReference): ReferenceData {
  const retrieved = retrieval?.candidates.map(({ id, name, scores }) => {
    const values = Object.entries(scores).map(([score, value]) => `${score} ${value}`);
    return `${id} "${name}" (${values.join(', ')})`;
  });
  return { id: assetId, role, name, ...(atSeconds === undefined ? {} : { atSeconds }), ...(retrieved ? { retrieved } : {}) };
}

/** Shots that share a retrieval show its candidates once. */
export function candidatesOnce(shots: ShotData[]): ShotData[] {
  const shown = new Set<string>();
  return shots.map(({ retrieved, ...shot }) => {
    const key = retrieved?.join();
    if (key === undefined || shown.has(key)) return shot;
    shown.add(key);
    return { ...shot, retrieved };
  });
}

export function answer(data: GenerateData) {
  const again = data.existing ? ` (the same request was made before: this is its ${data.batchId ? 'batch' : 'job'})` : '';
  const name = data.batchId ? `Batch ${data.batchId} of ${data.shots.length} jobs` : `Job ${data.jobId}`;
  const started = data.similar ? 'Nothing was started: there are finished clips like it.' : `${name} is ${data.state}${again}.`;
  const head = `${providerSentence(data.generative)}${data.state === 'planned' ? 'Plan only.' : started}`;
  const cost = data.costUsd > 0 && !data.existing ? `may cost ${data.costUsd}` : `cost ${data.costUsd}`;
  const what = `${data.provider}, ${data.width}x${data.height} at ${data.fps} fps, ${data.durationSeconds} s in all, ${cost} USD.`;
  return { data, text: [head, what, ...(data.similar ?? []).map(similarText), ...data.shots.map(shotText), data.advice].join('\n') };
}

function similarText({ videoId, jobId, prompts, promptScore, referenceScore, provider, durationSeconds, width, height, costUsd }: SimilarVideo): string {
  const scores = `promptScore ${promptScore}${referenceScore === undefined ? '' : `, referenceScore ${referenceScore}`}`;
  const prompt = cleanText(prompts.join(' / '), 300);
  return `- ${videoId} of ${jobId} (${scores}): ${provider}, ${width}x${height}, ${durationSeconds} s, cost ${costUsd} USD then: ${prompt}`;
}

/** What is said of a plan whose cost was looked at. */
export function planned({ allowed, refusal, remainingUsd }: CostPreview): string {
  const left = remainingUsd === undefined ? '' : ` The ceilings allow it; before it ${remainingUsd} USD are left.`;
  return `Nothing was started. ${allowed ? `Call again without dryRun to render it.${left}` : `It would be refused: ${refusal}`}`;
}

function shotText(shot: ShotData, index: number): string {
  const { references = shot.referenceId ? [{ id: shot.referenceId, role: 'firstFrame', name: shot.referenceName ?? '' } as ReferenceData] : [] } = shot;
  const shown = references.map(({ id, role, name, atSeconds }) => {
    const as = role === 'firstFrame' ? 'reference' : role;
    return `${as} ${id} "${cleanText(name, 80)}"${atSeconds === undefined ? '' : ` at ${atSeconds} s`}`;
  });
  const retrieved = references.flatMap((reference) => reference.retrieved ?? []);
  const all = retrieved.length > 0 ? retrieved : (shot.retrieved ?? []);
  const others = all.length > 0 ? `; retrieved from ${all.join(', ')}` : '';
  const job = shot.jobId ? `${shot.jobId}, ` : '';
  const dropped = shot.dropped.length > 0 ? `\n   not honoured: ${shot.dropped.join(' ')}` : '';
  const camera = shot.camera ? `, camera ${shot.camera}` : '';
  return `${index + 1}. ${job}${shot.durationSeconds} s, ${shown.join(', ') || 'text only'}${others}${camera}: ${shot.prompt}${dropped}`;
}
