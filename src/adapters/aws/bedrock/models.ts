import { readFileSync } from 'node:fs';
// The type alone is imported: the compiler checks the file and copies it into the build.
import type packaged from './models.json';

type Table = typeof packaged;

/** Name of a model in models.json, e.g. `titan`, `luma-ray-2`. */
export type ModelName = keyof Table['models'];

/** A model as this adapter knows it: ids, regions, limits and prices are data, with sources and the day they were read. */
export interface Model {
  /** Foundation model id, without the prefix of an inference profile. */
  id: string;
  title: string;
  /** Regions in which it was offered when the table was read; Bedrock may offer it in more by now, so nothing is refused by it. */
  regions: readonly string[];
  /** True where it is called through an inference profile, whose id has a prefix such as `us.`. */
  profile?: boolean;
  /** Day of its end of life, where one is announced. */
  endOfLife?: string;
  /** What to use instead, by name. */
  alternative?: ModelName;
}

const table: Table = JSON.parse(readFileSync(new URL('./models.json', import.meta.url), 'utf8'));

/** The entry of models.json with its limits and prices. */
export function modelNamed<Name extends ModelName>(name: Name): Model & Pick<Table['models'][Name], 'limits' | 'prices'> {
  return table.models[name] as Model & Table['models'][Name];
}

/** What Bedrock is told: the id itself, or that of the inference profile of a region's part of the world. `global` reaches every region that has no profile of its own here. */
export function callId({ id, profile }: Pick<Model, 'id' | 'profile'>, region: string): string {
  if (!profile) return id;
  return `${region.startsWith('us-') ? 'us' : 'global'}.${id}`;
}

/** Prefixes of inference profiles (AWS docs, inference-profiles-support, read 2026-11). */
const PROFILE = /^(us|us-gov|eu|apac|jp|au|ca|global)\./;

/** The foundation model that an id, inference profile or ARN stands for. */
export function foundationId(id: string): string {
  return (id.split('/').at(-1) ?? id).replace(PROFILE, '');
}

/** A model by any id that Bedrock takes; unknown ones have no regions and no alternative. */
export function modelOf(id: string): Model {
  const base = foundationId(id);
  const known = Object.values(table.models).find((model) => model.id === base) as Model | undefined;
  return known ? { ...known, profile: false, id } : { id, title: id, regions: [] };
}
