import * as z from 'zod';
import { AppError } from '../errors.ts';
import { assetLink, assetOutput, assetText, round } from './asset-output.ts';
import { defineTool } from './define.ts';
import { maskFacts } from './inpaint-output.ts';

export const inpaintImage = defineTool({
  name: 'inpaint_image',
  title: 'In-paint image',
  description:
    'Removes things from a picture, extends it, or (with a generative provider) replaces a part. Mark the part by any of: maskPrompt, subject, boxes, ellipses, polygons (pixels of the upright picture, origin top left), maskImage. Returns new assets; the original stays.',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  input: z.strictObject({
    imageId: z.string(),
    mode: z.enum(['remove', 'extend', 'replace']).default('remove'),
    maskPrompt: z.string().optional().describe('A noun: "the dog"'),
    subject: z.array(z.number()).max(4).optional().describe('A thing to outline: [x, y, width, height] around it, [x, y] on it, [] the main one'),
    boxes: z
      .array(z.strictObject({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }))
      .max(50)
      .optional(),
    ellipses: z.array(z.array(z.number()).length(4)).max(50).optional().describe('[x, y, width, height]'),
    polygons: z
      .array(z.array(z.array(z.number()).length(2)).min(3).max(500))
      .max(50)
      .optional(),
    maskImage: z.string().optional().describe('Path or id, same size; white is changed'),
    invert: z.boolean().default(false),
    growPixels: z.int().min(0).max(200).optional(),
    featherPixels: z.int().min(0).max(100).optional(),
    preview: z.boolean().default(false).describe('Only show the mask'),
    extend: z.string().optional().describe('"16:9", "16:9 left" or pixels: "left 200, top 50"'),
    prompt: z.string().optional(),
    negativePrompt: z.string().optional(),
    count: z.int().min(1).max(4).default(1),
    seed: z.int().min(0).max(2147483647).default(0),
    maxCostUsd: z.number().min(0).optional(),
    name: z.string().min(1).max(120).optional(),
  }),
  output: z.looseObject({ imageId: z.string().optional(), changedShare: z.number().describe('Of all pixels, 0..1'), advice: z.string() }),
  async handler(args, { studio, signal, progress }) {
    checkMarked(args);
    if (args.maskImage !== undefined && !studio.localPaths && !/^(img_|vrag:)/.test(args.maskImage)) {
      throw new AppError('FORBIDDEN', 'Local paths are not accepted over HTTP.', { hint: 'Ingest the mask and give its id, or mark the part otherwise.' });
    }
    const ellipses = args.ellipses?.map(([x, y, width, height]) => ({ x, y, width, height }));
    const draft = { ...args, ellipses, polygons: args.polygons?.map((points) => points.map(([x, y]) => ({ x, y }))) };
    if (args.preview) {
      const { task, picture } = await studio.assets.previewMask(studio.ports, draft, { signal });
      const facts = maskFacts(task);
      const advice = `Nothing was changed. Call again without preview to ${args.mode} what is tinted.`;
      return { data: { ...facts.data, advice }, text: `${facts.text} ${advice}`, images: [picture] };
    }
    const onProgress = (fraction: number) => void progress(fraction, 1, 'in-painting');
    const outcome = await studio.assets.inpaintAsset(studio.ports, draft, { signal, onProgress });
    const assets = await Promise.all(outcome.results.map(({ asset }) => assetOutput(studio, asset)));
    const facts = maskFacts(outcome.task);
    const [{ asset, credentials }] = outcome.results;
    const next =
      asset.status === 'approved' ? 'the result goes straight into generate_video as imageId' : `the result is ${asset.status}: ingest_image approves it`;
    const advice = [`Look at the strip (before, mask, after); ${next}.`, ...outcome.notes].join(' ');
    const signed = credentials && studio.film.credentialsText(credentials);
    const cost = outcome.costUsd > 0 ? { costUsd: round(outcome.costUsd, 4) } : {};
    const summary = `${outcome.algorithm}, ${outcome.seconds.toFixed(1)} s${outcome.costUsd > 0 ? `, $${outcome.costUsd.toFixed(2)}` : ''}. ${facts.text} ${advice}${signed ? ` ${signed}` : ''}`;
    return {
      data: {
        imageId: asset.id,
        sourceId: outcome.task.source.id,
        ...(assets.length > 1 ? { results: assets.map((each, index) => ({ imageId: each.id, seed: outcome.results[index].seed })) } : {}),
        uri: assets[0].uri,
        ...(assets[0].path ? { path: assets[0].path } : {}),
        algorithm: outcome.algorithm,
        ...facts.data,
        seconds: round(outcome.seconds, 1),
        ...cost,
        ...(signed ? { credentials: signed } : {}),
        advice,
      },
      text: [summary, ...assets.map(assetText)].join('\n'),
      images: [outcome.strip],
      links: outcome.results.map((result) => assetLink(studio, result.asset)),
    };
  },
});

interface Marks {
  mode: string;
  boxes?: unknown[] | undefined;
  ellipses?: unknown[] | undefined;
  polygons?: unknown[] | undefined;
  maskImage?: string | undefined;
  maskPrompt?: string | undefined;
  subject?: number[] | undefined;
}

function checkMarked({ mode, boxes, ellipses, polygons, maskImage, maskPrompt, subject }: Marks): void {
  const drawn = (boxes?.length ?? 0) + (ellipses?.length ?? 0) + (polygons?.length ?? 0);
  if (mode === 'extend' || drawn > 0 || (maskImage ?? maskPrompt ?? subject) !== undefined) return;
  throw new AppError('INVALID_INPUT', 'Nothing is marked.', { hint: 'Give maskPrompt, subject, boxes, ellipses, polygons or maskImage.' });
}
