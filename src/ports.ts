/**
 * Every interface to the outside world. `undefined` means "not there"; failures are `AppError`s.
 * Unless said otherwise: sizes in pixels of the upright (EXIF-oriented) picture, times in seconds from the start,
 * points in time as ISO 8601 UTC strings, money in US dollars.
 */
export type * from './ports/call.ts';
export type * from './ports/catalog.ts';
export type * from './ports/credentials.ts';
export type * from './ports/money.ts';
export type * from './ports/pictures.ts';
export type * from './ports/storage.ts';
export type * from './ports/video.ts';
export type * from './ports/vision.ts';

import type { Catalog } from './ports/catalog.ts';
import type { Credentials } from './ports/credentials.ts';
import type { Ceilings } from './ports/money.ts';
import type { Images, Media } from './ports/pictures.ts';
import type { Downloads, Files, ObjectStore, Records, Upkeep } from './ports/storage.ts';
import type { Inpainter, VideoGenerator } from './ports/video.ts';
import type { Captioner, Embedder, Embedders, Judge, Recogniser, Segmenter } from './ports/vision.ts';

/** All adapters of one configuration, built once and handed to every handler. Each is lazy: building it touches nothing. */
export interface Ports {
  catalog: Catalog;
  records: Records;
  objects: ObjectStore;
  upkeep: Upkeep;
  files: Files;
  downloads: Downloads;
  images: Images;
  media: Media;
  /** What the eye compares frames with: free and local, whatever the collections are pinned to. */
  embedder: Embedder;
  /** What collections are searched with. */
  embedders: Embedders;
  recogniser: Recogniser;
  /** Absolute path of the user's own cut points for the eye; absent: those in the package. */
  calibrationFile?: string;
  /** Absent: pictures are not captioned. */
  captioner?: Captioner;
  /** Absent: only what is measured stands in a report. */
  judge?: Judge;
  segmenter: Segmenter;
  /** Free and local, without a model. */
  inpainter: Inpainter;
  /** Follows a prompt; absent where none is configured. */
  generativeInpainter?: Inpainter;
  credentials: Credentials;
  /** By provider id; the first is the default. */
  videoGenerators: ReadonlyMap<string, VideoGenerator>;
  /** Beside what costs money, so that nothing is started without them. */
  ceilings: Ceilings;
  /** Ends child processes and closes files; afterwards no port may be used. */
  close(): Promise<void>;
}
