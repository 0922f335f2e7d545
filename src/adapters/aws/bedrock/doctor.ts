import type { Config } from '../../../config.ts';
import { AppError } from '../../../errors.ts';
import type { Check, Finding } from '../../doctor/check.ts';
import { Bedrock, type BilledCall } from './client.ts';
import { converseModel } from './converse-model.ts';
import { type Model, modelNamed } from './models.ts';
import { painterModels, videosOf } from './open.ts';
import { Results } from './results.ts';
import { readUri, type VideoModel } from './video.ts';

const TIMEOUT_SECONDS = 30;
const PROBE = 'vrag-doctor.json';

/** Checks of what is configured on Amazon Bedrock; [] where nothing is. None of them is billed: models get requests that they refuse once the permission is checked. */
export function bedrockChecks(config: Config): Check[] {
  const { captioner, judge, inpainter, video } = config.bedrock;
  const { region } = config.aws;
  const family = (['titan', 'nova'] as const).find((name) => new RegExp(`^${name}(-\\d+)?$`).test(config.embedder));
  return [
    ...(family ? [modelCheck('embedder', region, modelNamed(family))] : []),
    ...(captioner ? [modelCheck('captioner', region, converseModel(captioner), 'converse')] : []),
    ...(judge ? [modelCheck('judge', region, converseModel(judge), 'converse')] : []),
    ...(inpainter ? painterModels(inpainter).map((model) => modelCheck('in-painter', region, model)) : []),
    ...videosOf(config).flatMap((one) => [jobsCheck(one, video.region ?? one.model.regions[0]), outputCheck(config, one)]),
  ];
}

function modelCheck(what: string, region: string | undefined, model: Model, by: 'invoke' | 'converse' = 'invoke'): Check {
  return {
    what: `${what}: ${model.title}`,
    look: () =>
      withBedrock(region, async (bedrock) => {
        const state = await bedrock.stateOf(model);
        await refusedByModel(bedrock, model, by);
        return described(state, await bedrock.region());
      }),
  };
}

/** An empty request is refused as malformed by a model that may be called, and for another reason by one that may not. */
async function refusedByModel(bedrock: Bedrock, model: Model, by: 'invoke' | 'converse'): Promise<void> {
  const call: BilledCall = { kind: 'embedding', costUsd: 0, repeat: 'never', timeoutSeconds: TIMEOUT_SECONDS };
  try {
    if (by === 'invoke') await bedrock.invoke(model, {}, call);
    else await bedrock.converse(model, { messages: [] }, call);
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'INVALID_INPUT')) throw error;
  }
}

function jobsCheck({ model }: VideoModel, region: string): Check {
  return {
    what: `video: ${model.title}`,
    look: () =>
      withBedrock(region, async (bedrock) => {
        const state = await bedrock.stateOf(model);
        if (state.state === 'ended') return { state: 'problem', text: 'retired by AWS', fix: 'Set VRAG_VIDEO_MODELS to luma-ray-2.' };
        if (state.state === 'notThere')
          return { state: 'problem', text: `not offered in ${region}`, fix: `Set VRAG_VIDEO_REGION to ${model.regions.join(' or ')}.` };
        await bedrock.listJobs(model, { maxResults: 1 }, {});
        const finding = described(state, region);
        return { ...finding, text: `${finding.text}; whether the account may use it shows at the first video, since asking would be billed` };
      }),
  };
}

function outputCheck(config: Config, { model }: VideoModel): Check {
  const { s3 } = config.aws;
  const { video } = config.bedrock;
  const region = video.region ?? model.regions[0];
  return {
    what: `video output: ${video.output}`,
    async look() {
      const results = new Results({ region, bucketOwner: s3.bucketOwner });
      try {
        const { bucket, key } = readUri(video.output);
        const place = { bucket, key: `${key === '' ? '' : `${key}/`}${PROBE}` };
        const text = JSON.stringify({ checkedAt: new Date().toISOString() });
        await results.put(place, text);
        const there = (await results.list(place)).some((file) => file.key === place.key) && (await results.text(place)) === text;
        return there
          ? { state: 'ok', text: `written, listed and read in ${region} (${PROBE} stays)` }
          : { state: 'problem', text: 'What was written cannot be read back.' };
      } finally {
        results.close();
      }
    },
  };
}

function described({ state, endOfLife, why }: Awaited<ReturnType<Bedrock['stateOf']>>, region: string): Finding {
  if (state === 'legacy')
    return {
      state: 'note',
      text: `works in ${region}; legacy${endOfLife ? `, ends on ${endOfLife}` : ''}`,
      fix: 'Plan to move to another model (docs/aws-models.md).',
    };
  if (state === 'unknown')
    return { state: 'note', text: `its state in ${region} is unknown: ${why}`, fix: 'Allow bedrock:GetFoundationModel to be told when AWS retires it.' };
  return { state: 'ok', text: `active in ${region}` };
}

async function withBedrock(region: string | undefined, look: (bedrock: Bedrock) => Promise<Finding>): Promise<Finding> {
  const bedrock = new Bedrock({ region });
  try {
    return await look(bedrock);
  } finally {
    bedrock.close();
  }
}
