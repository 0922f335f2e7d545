import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../../errors.ts';
import { type GraphHeader, type GraphValue, readGraphHeader } from './onnx-header.ts';
import { type Preprocessing, readPreprocessing } from './preprocessing.ts';

/** Which weights: `q8` are the `*_quantized.onnx` files, a quarter of the size of `fp32`. */
export type Weights = 'q8' | 'fp32';

/** A dual encoder in a folder of the hub's layout, checked as far as can be without loading it. */
export interface ClipModel {
  folder: string;
  weights: Weights;
  dimensions: number;
  preprocessing: Preprocessing;
  /** Name of the tower's output that is the embedding. */
  imageOutput: string;
  textOutput: string;
  text: TextRules;
}

/** How a text becomes the token ids that a text tower takes. */
export interface TextRules {
  /** Most tokens, special ones included. */
  maxTokens: number;
  /** Whether shorter texts are filled up to `maxTokens` (SigLIP was trained so; CLIP only where the graph has a fixed length). */
  pad: boolean;
  /** Whether filled-up positions are masked: CLIP's are, SigLIP's are seen. */
  maskPadding: boolean;
  /** SigLIP texts are lower-cased (arXiv 2502.14786, section 2; SigLIP's own tokeniser does it too). */
  lowerCase: boolean;
  /** Inputs of the graph beside `input_ids`. */
  wantsMask: boolean;
}

/** Files beside the towers; those marked optional may be absent. */
const SETTINGS_FILES = ['config.json', 'preprocessor_config.json', 'tokenizer.json', 'tokenizer_config.json'] as const;
export const OPTIONAL_FILES: readonly string[] = ['tokenizer_config.json'];

/** The tower files of a choice of weights, as exported for transformers.js. */
export function towerFiles(weights: Weights): { image: string; text: string } {
  const suffix = weights === 'q8' ? '_quantized' : '';
  return { image: `onnx/vision_model${suffix}.onnx`, text: `onnx/text_model${suffix}.onnx` };
}

/** Every file of a model, towers last. */
export const modelFiles = (weights: Weights): string[] => [...SETTINGS_FILES, ...Object.values(towerFiles(weights))];

/** Largest model file that is loaded, in bytes; a tower of a base-size model has .1 to 1.2 GB. */
export const LARGEST_TOWER_BYTES = 1_500_000_000;
const LARGEST_SETTINGS_BYTES = 100_000_000;

/** What follows every error about a model that a collection may be pinned to. */
export const REINDEX_HINT =
  'Or search the collection with another embedder: manage_collection {collection, reindex: "vision"}, or `vrag-mcp reindex` in a terminal.';

/** Defaults of transformers' CLIPConfig, SiglipConfig and their text configurations, where config.json leaves a value out. */
const FAMILIES = {
  clip: { dimensions: 512, maxTokens: 77 },
  siglip: { dimensions: 768, maxTokens: 64 },
} as const;

/** Tokens; published models of the family take 64 to 77. */
const LONGEST_TEXT = 1024;

type Family = keyof typeof FAMILIES;

/** Of config.json. */
interface ModelConfig {
  model_type?: unknown;
  projection_dim?: unknown;
  text_config?: { max_position_embeddings?: unknown; projection_size?: unknown; hidden_size?: unknown };
  vision_config?: { hidden_size?: unknown };
}

const USE_ANOTHER =
  'Use a folder in the layout of the hub: config.json, preprocessor_config.json, tokenizer.json and onnx/{vision,text}_model[_quantized].onnx (docs/models.md).';

/** The weights that a folder holds: the quantised ones where both towers are, else the full ones. MISCONFIGURED where it holds neither pair. */
export async function weightsIn(folder: string): Promise<Weights> {
  for (const weights of ['q8', 'fp32'] as const) {
    const there = await Promise.all(Object.values(towerFiles(weights)).map((file) => stat(path.join(folder, file)).catch(() => undefined)));
    if (there.every((entry) => entry?.isFile())) return weights;
  }
  throw new AppError('MISCONFIGURED', `The model folder "${path.basename(folder)}" holds no pair of onnx/vision_model.onnx and onnx/text_model.onnx.`, {
    hint: USE_ANOTHER,
  });
}

/** Reads settings and graph headers of a model; loads no weights. MISCONFIGURED or UNSUPPORTED naming the file that is missing, broken, too large or of another kind. */
export async function describeModel(folder: string, weights: Weights): Promise<ClipModel> {
  const config = await readSettings<ModelConfig>(folder, 'config.json');
  const family = familyOf(config.model_type);
  const preprocessing = readPreprocessing(await readSettings(folder, 'preprocessor_config.json'));
  await sizeOf(folder, 'tokenizer.json', LARGEST_SETTINGS_BYTES);
  const files = towerFiles(weights);
  const image = await readTower(folder, files.image, ['pixel_values']);
  const text = await readTower(folder, files.text, ['input_ids', 'attention_mask']);
  const imageOutput = embeddingOf(image, family, files.image, ['image_embeds', 'pooler_output']);
  const textOutput = embeddingOf(text, family, files.text, ['text_embeds', 'pooler_output']);
  const dimensions = imageOutput.shape.at(-1) ?? configuredDimensions(config, family);
  checkDimensions(dimensions, textOutput.shape.at(-1) ?? dimensions);
  checkView(image.inputs[0], preprocessing);
  return {
    ...{ folder, weights, dimensions, preprocessing },
    ...{ imageOutput: imageOutput.name, textOutput: textOutput.name, text: textRules(config, family, text) },
  };
}

function familyOf(type: unknown): Family {
  if (type === 'clip') return 'clip';
  if (type === 'siglip' || type === 'siglip2') return 'siglip';
  throw new AppError('UNSUPPORTED', `The model is of type ${String(JSON.stringify(type)).slice(0, 60)}; only clip, siglip and siglip2 are supported.`, {
    hint: USE_ANOTHER,
  });
}

async function readSettings<T>(folder: string, name: string): Promise<T> {
  await sizeOf(folder, name, LARGEST_SETTINGS_BYTES);
  try {
    const value = JSON.parse(await readFile(path.join(folder, name), 'utf8'));
    if (typeof value === 'object' && value !== null) return value;
    throw new Error('no object');
  } catch (cause) {
    throw new AppError('MISCONFIGURED', `${name} of the model "${path.basename(folder)}" is not valid JSON.`, { hint: USE_ANOTHER, cause });
  }
}

async function sizeOf(folder: string, name: string, limit: number): Promise<void> {
  const entry = await stat(path.join(folder, name)).catch(() => undefined);
  if (!entry?.isFile()) throw new AppError('MISCONFIGURED', `The model "${path.basename(folder)}" has no file ${name}.`, { hint: USE_ANOTHER });
  if (entry.size > limit) {
    throw new AppError('UNSUPPORTED', `${name} of the model "${path.basename(folder)}" has ${megabytes(entry.size)}; at most ${megabytes(limit)} are loaded.`, {
      hint: 'Use a smaller model, or its quantised files (docs/models.md).',
    });
  }
}

/** Bytes as MB for people. */
export const megabytes = (bytes: number): string => `${bytes < 1e7 ? Math.round(bytes / 1e5) / 10 : Math.round(bytes / 1e6)} MB`;

async function readTower(folder: string, name: string, known: string[]): Promise<GraphHeader> {
  await sizeOf(folder, name, LARGEST_TOWER_BYTES);
  let header: GraphHeader;
  try {
    header = readGraphHeader(path.join(folder, name));
  } catch (cause) {
    throw new AppError('MISCONFIGURED', `${name} of the model "${path.basename(folder)}" is no ONNX file, or breaks off.`, { hint: USE_ANOTHER, cause });
  }
  if (header.externalData) {
    throw new AppError(
      'UNSUPPORTED',
      `${name} of the model "${path.basename(folder)}" keeps its weights in another file (.onnx_data), which is not supported.`,
      {
        hint: 'Use files with the weights inside, such as the quantised ones (docs/models.md).',
      },
    );
  }
  const names = header.inputs.map((input) => input.name);
  if (!names.includes(known[0]) || names.some((input) => !known.includes(input))) {
    const given = names.map((input) => input.slice(0, 40)).slice(0, 6);
    throw new AppError('UNSUPPORTED', `${name} of the model "${path.basename(folder)}" takes ${given.join(', ')}; ${known.join(' and ')} was expected.`, {
      hint: USE_ANOTHER,
    });
  }
  return header;
}

/** CLIP's towers end in a projection, so their pooled output is another space; SigLIP's pooled output is the embedding. */
function embeddingOf(header: GraphHeader, family: Family, file: string, names: [projected: string, pooled: string]): GraphValue {
  const wanted = family === 'clip' ? names.slice(0, 1) : names;
  const found = wanted.map((name) => header.outputs.find((output) => output.name === name)).find((output) => output !== undefined);
  if (found) return found;
  throw new AppError('UNSUPPORTED', `${file} has no output ${wanted.join(' or ')}, so it gives no vectors that pictures and texts share.`, {
    hint: USE_ANOTHER,
  });
}

function configuredDimensions(config: ModelConfig, family: Family): number {
  const given = family === 'clip' ? config.projection_dim : (config.text_config?.projection_size ?? config.vision_config?.hidden_size);
  return Number.isInteger(given) ? Number(given) : FAMILIES[family].dimensions;
}

/** Rows of the catalog's matrix are multiples of 16 long, and no published model of the family has more than 2048. */
function checkDimensions(image: number, text: number): void {
  if (image === text && image % 16 === 0 && image >= 16 && image <= 4096) return;
  throw new AppError('UNSUPPORTED', `The model's picture vectors have ${image} values and its text vectors ${text}; they must agree and be a multiple of 16.`, {
    hint: USE_ANOTHER,
  });
}

function checkView(input: GraphValue, { width, height }: Preprocessing): void {
  const [, channels, rows, columns] = input.shape;
  if ((channels ?? 3) === 3 && (rows ?? height) === height && (columns ?? width) === width) return;
  throw new AppError(
    'MISCONFIGURED',
    `preprocessor_config.json makes pictures of ${width}x${height}, but the model takes ${columns}x${rows} in ${channels} channels.`,
    { hint: USE_ANOTHER },
  );
}

function textRules(config: ModelConfig, family: Family, { inputs }: GraphHeader): TextRules {
  const ids = inputs.find(({ name }) => name === 'input_ids');
  if (ids?.elementType !== 7) throw new AppError('UNSUPPORTED', "The text tower's input_ids are no 64-bit integers.", { hint: USE_ANOTHER });
  const fixed = ids.shape.at(1);
  if (fixed !== undefined && fixed > LONGEST_TEXT)
    throw new AppError('UNSUPPORTED', `The text tower takes ${fixed} tokens; at most ${LONGEST_TEXT} are supported.`, { hint: USE_ANOTHER });
  const positions = config.text_config?.max_position_embeddings;
  return {
    maxTokens: fixed ?? (Number.isInteger(positions) && Number(positions) > 1 ? Math.min(Number(positions), LONGEST_TEXT) : FAMILIES[family].maxTokens),
    pad: family === 'siglip' || fixed !== undefined,
    maskPadding: family === 'clip',
    lowerCase: family === 'siglip',
    wantsMask: inputs.some(({ name }) => name === 'attention_mask'),
  };
}
