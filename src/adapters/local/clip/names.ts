import path from 'node:path';
import { expandPath } from '../../../config.ts';
import { AppError } from '../../../errors.ts';
import { REINDEX_HINT, type Weights } from './model.ts';

/** A model as a person names it. */
export type ModelName = { weights?: Weights } & ({ folder: string } | { repository: string; revision: string });

/** What an embedder id is made of: `NAME#WEIGHTS.HASH`. */
export interface PinnedName {
  /** The repository, or the folder's own name. */
  name: string;
  weights: Weights;
}

const PINNED = /^(.+)#(q8|fp32)\.[0-9a-f]{16}$/;

/** Reads an embedder id; `undefined` where it is none of a CLIP-family model. */
export function readPinned(id: string): PinnedName | undefined {
  const [, name, weights] = PINNED.exec(id) ?? [];
  return name === undefined ? undefined : { name, weights: weights as Weights };
}

/** Owner and name as huggingface.co allows them. */
const REPOSITORY = /^[A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9][\w.-]{0,95}$/;

/** True for `owner/name`; a folder begins with `/`, `.`, `~` or a drive. */
export const isRepository = (name: string): boolean => REPOSITORY.test(name) && !name.includes('..');

/** Reads `owner/name[@revision][:weights]` or `folder[:weights]`. MISCONFIGURED where it is neither: it may be an id of another machine or version. */
export function readModelName(text: string): ModelName {
  const [, name, chosen] = /^(.*?)(?::(q8|fp32))?$/s.exec(text) ?? [];
  const weights = chosen ? { weights: chosen as Weights } : {};
  if (/^(?:[./~\\]|[A-Za-z]:[\\/])/.test(name)) return { ...weights, folder: expandPath(name) };
  const [repository, revision = 'main', ...rest] = name.split('@');
  if (isRepository(repository) && /^[\w./-]{1,100}$/.test(revision) && rest.length === 0) return { ...weights, repository, revision };
  throw new AppError('MISCONFIGURED', `There is no embedder "${text.slice(0, 100)}" here.`, {
    hint: `Name vision, descriptor, an id of the model hub such as onnx-community/siglip2-base-patch16-224-ONNX, or a folder (beginning with /, ./ or ~/); @REVISION and :q8 or :fp32 may follow. ${REINDEX_HINT}`,
  });
}

/** A folder's own name as a part of an id. */
export const folderName = (folder: string): string => path.basename(folder).replace(/[^\w.-]/g, '_') || 'model';
