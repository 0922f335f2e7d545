import { AppError } from '../../../errors.ts';
import type { RawImage } from '../../../ports.ts';

/** How a picture becomes the numbers that an image tower takes. */
export interface Preprocessing {
  /** Size of the view in pixels. */
  width: number;
  height: number;
  /** Share of the short side that the middle square shows (shortest edge to `size`, then a centre crop); absent: the whole picture, squashed. */
  centreShare?: number;
  kernel: 'nearest' | 'lanczos3' | 'linear' | 'cubic';
  /** Per channel: value of a byte times `scale` plus `shift`. */
  scale: [number, number, number];
  shift: [number, number, number];
}

/** preprocessor_config.json as the image processors of Hugging Face's transformers write it, as far as it is read here. */
interface PreprocessorConfig {
  image_processor_type?: unknown;
  do_resize?: unknown;
  size?: unknown;
  do_center_crop?: unknown;
  crop_size?: unknown;
  resample?: unknown;
  do_rescale?: unknown;
  rescale_factor?: unknown;
  do_normalize?: unknown;
  image_mean?: unknown;
  image_std?: unknown;
}

/** PIL.Image.Resampling; sharp's `cubic` is the same Catmull-Rom kernel (a = -.5), and both widen kernels when they shrink. */
const KERNELS: Record<number, Preprocessing['kernel']> = { 0: 'nearest', 1: 'lanczos3', 2: 'linear', 3: 'cubic' };

/** CLIP's own values ("OPENAI_CLIP_MEAN" and "_STD" in transformers' image_utils), for configurations without any. */
const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073];
const CLIP_STD = [0.26862954, 0.26130258, 0.27577711];

/** Sides beyond this are no view of such a model (the largest published ones take 512). */
const LARGEST_SIDE = 1024;

/** The preprocessing that a configuration asks for. MISCONFIGURED naming the field where it is not one of the CLIP family's. */
export function readPreprocessing(config: PreprocessorConfig): Preprocessing {
  if (config.do_resize === false) throw wrong('do_resize', 'false');
  const kernel = KERNELS[Number(config.resample ?? 3)];
  if (!kernel) throw wrong('resample', config.resample);
  return { ...readView(config), kernel, ...readNormalisation(config) };
}

function wrong(field: string, value: unknown): AppError {
  return new AppError(
    'MISCONFIGURED',
    `The model's preprocessor_config.json has ${field} ${String(JSON.stringify(value)).slice(0, 80)}, which is not supported.`,
    {
      hint: 'Use a CLIP, SigLIP or SigLIP 2 model of a fixed picture size (docs/models.md).',
    },
  );
}

function readView({ size, crop_size, do_center_crop }: PreprocessorConfig): Pick<Preprocessing, 'width' | 'height' | 'centreShare'> {
  const whole = sides(size);
  if (do_center_crop === false || (do_center_crop === undefined && crop_size === undefined)) {
    if (whole) return whole;
    throw wrong('size', size);
  }
  const shortest = side(Object(size).shortest_edge) ?? (whole && Math.min(whole.width, whole.height));
  if (shortest === undefined) throw wrong('size', size);
  const view = crop_size === undefined ? { width: shortest, height: shortest } : sides(crop_size);
  if (!view || view.width !== view.height || view.width > shortest) throw wrong('crop_size', crop_size);
  return { ...view, centreShare: view.width / shortest };
}

/** `{ height, width }`, or one number for both. */
function sides(value: unknown): { width: number; height: number } | undefined {
  const [width, height] = typeof value === 'object' ? [side(Object(value).width), side(Object(value).height)] : [side(value), side(value)];
  return width === undefined || height === undefined ? undefined : { width, height };
}

function side(value: unknown): number | undefined {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= LARGEST_SIDE ? Number(value) : undefined;
}

function readNormalisation(config: PreprocessorConfig): Pick<Preprocessing, 'scale' | 'shift'> {
  const factor = config.do_rescale === false ? 1 : Number(config.rescale_factor ?? 1 / 255);
  if (!Number.isFinite(factor)) throw wrong('rescale_factor', config.rescale_factor);
  const normalised = config.do_normalize !== false;
  const mean = normalised ? triple('image_mean', config.image_mean ?? CLIP_MEAN) : [0, 0, 0];
  const std = normalised ? triple('image_std', config.image_std ?? CLIP_STD) : [1, 1, 1];
  if (std.some((value) => value === 0)) throw wrong('image_std', config.image_std);
  const [r, g, b] = std.map((value, index) => ({ scale: factor / value, shift: -mean[index] / value }));
  return { scale: [r.scale, g.scale, b.scale], shift: [r.shift, g.shift, b.shift] };
}

function triple(field: string, value: unknown): number[] {
  if (Array.isArray(value) && value.length === 3 && value.every(Number.isFinite)) return value;
  throw wrong(field, value);
}

/** The picture as the tower sees it: RGB bytes, `width * height * 3`. Cropped before it is scaled, so that ribbons stay small. */
export async function towerView(image: RawImage, view: Preprocessing): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  const input = sharp(image.data, { raw: { width: image.width, height: image.height, channels: image.channels }, limitInputPixels: false });
  if (image.channels === 4) input.flatten({ background: '#fff' });
  if (view.centreShare !== undefined) {
    const length = Math.max(1, Math.round(Math.min(image.width, image.height) * view.centreShare));
    input.extract({ left: (image.width - length) >> 1, top: (image.height - length) >> 1, width: length, height: length });
  }
  return input.resize(view.width, view.height, { fit: 'fill', kernel: view.kernel }).toColourspace('srgb').raw().toBuffer();
}
