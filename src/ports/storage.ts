import type { CallOptions } from './call.ts';
import type { FileBytes } from './pictures.ts';

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

export interface StoredObject {
  /** `<sha256>.<extension>`: same bytes and type, same key. */
  key: string;
  sha256: string;
  byteLength: number;
  /** False where the store had the object already: somebody else may need it. */
  isNew: boolean;
}

/** Immutable bytes addressed by their content. */
export interface ObjectStore {
  /**
   * Stores bytes or a local file (`move: true` may consume it). The same content twice is one object. Complete or not there at all.
   * `sha256`: of bytes, where the caller has computed it.
   */
  put(source: Uint8Array | { path: string; move?: boolean }, mediaType: string, known?: { sha256?: string }): Promise<StoredObject>;
  get(key: string): Promise<Uint8Array | undefined>;
  /** Whether the object is there. */
  has(key: string): Promise<boolean>;
  /** Bytes [start, end), clipped to the object. */
  getRange(key: string, start: number, end: number): Promise<Uint8Array | undefined>;
  /** Absolute path of a local file with these bytes (fetched first where the store is remote); read only. */
  localPath(key: string): Promise<string | undefined>;
  /** Where people find the object: the absolute path of its file, `undefined` where it is not there; or an address such as s3://bucket/key, for which nothing is asked or fetched. */
  place(key: string): Promise<string | undefined>;
  /** An https link, valid for a limited time, to a place that `place` or `publish` gave; `undefined` where places are paths of this machine. */
  link(place: string): Promise<string | undefined>;
  /** Shows the object under a readable name (cleaned here) among the finished outputs; returns its place. A name that is taken by other bytes is made unique. */
  publish(key: string, name: string): Promise<string>;
  /** Takes a published copy away again, before its object is deleted; a file that was changed, moved or is not one of the outputs stays. */
  unpublish(key: string, published: string): Promise<void>;
  /** An absolute path, not yet there, for a local file that is being made for `put({ move: true })`. */
  scratchPath(extension: string): Promise<string>;
  /** A missing key is no error. */
  delete(key: string): Promise<void>;
}

/** Checks of what is stored; they change nothing. */
export interface Upkeep {
  /** What is wrong with the database by its own check, one text each; [] where nothing is. Reads all of it. */
  damage(): Promise<string[]>;
  /** All stored objects, by key. */
  objects(): AsyncIterable<{ key: string; byteLength: number; storedAt: string }>;
  /** Whether an object is there and its bytes have the sha256 that its key names. */
  checkObject(key: string): Promise<'whole' | 'damaged' | 'missing'>;
  /** Keys of the objects that any asset or record names. */
  namedObjects(): Promise<Set<string>>;
  /** Clears away old versions of records that nobody needs any more; how many. Absent where a store keeps none. */
  compact?(): Promise<number>;
}

/** A durable record. `version` counts writes from 1. */
export interface StoredRecord {
  kind: string;
  id: string;
  version: number;
  createdAt: string;
  updatedAt: string;
  /** Unfinished work that `claim` may hand out. */
  open: boolean;
  body: JsonValue;
}

/** Jobs, takes, manifests, reports, idempotency keys. Complete on disk when a write resolves (survives power loss). */
export interface Records {
  /** CONFLICT where kind and id exist. */
  create(record: { kind: string; id: string; open?: boolean; body: JsonValue }): Promise<StoredRecord>;
  get(kind: string, id: string): Promise<StoredRecord | undefined>;
  /** Those of the ids that are there, in no particular order; for many records at once. */
  getMany(kind: string, ids: string[]): Promise<StoredRecord[]>;
  /** Newest first by creation. */
  list(kind: string, page: { limit: number; cursor?: string; open?: boolean }): Promise<{ records: StoredRecord[]; cursor?: string }>;
  /** Compare-and-swap on `version`: CONFLICT where the stored one differs, NOT_FOUND where it is gone. With `owner`, also CONFLICT where the lease is not (or no longer) that owner's. */
  update(record: { kind: string; id: string; version: number; open: boolean; body: JsonValue }, options?: { owner?: string }): Promise<StoredRecord>;
  /** Leases one open record whose lease is free or over (oldest first, or the given id); `undefined` where there is none. */
  claim(kind: string, options: { owner: string; leaseSeconds: number; id?: string }): Promise<StoredRecord | undefined>;
  /** Extends a lease; false where it was lost. */
  renew(kind: string, id: string, options: { owner: string; leaseSeconds: number }): Promise<boolean>;
  release(kind: string, id: string, owner: string): Promise<void>;
  /** Missing is no error. */
  delete(kind: string, id: string): Promise<void>;
}

/** A file that the configuration allows to be read, checked by its real path. */
export interface AllowedFile {
  /** Absolute real path. */
  path: string;
  /** File name, untrusted. */
  name: string;
  byteLength: number;
}

/** The user's own files. */
export interface Files {
  /**
   * Resolves a path, `~` path or file:// URL to a regular file inside the allowed folders (links followed first).
   * NOT_FOUND, FORBIDDEN (the hint says how to allow the folder), INVALID_INPUT (a folder, empty, or over the size limit).
   */
  resolve(path: string, options?: { maxBytes?: number }): Promise<AllowedFile>;
  /** `resolve` and `read` in one, which touches the disk half as often. */
  load(path: string, options?: { maxBytes?: number }): Promise<AllowedFile & { bytes: Uint8Array }>;
  /** The bytes of a resolved file. CONFLICT where its size has changed since; otherwise as `resolve`. */
  read(file: AllowedFile): Promise<Uint8Array>;
  /**
   * The files below an allowed folder, or those that a glob pattern (`*`, `**`, `?`, `[...]`, `{a,b}`; absolute, `~` or below one) matches,
   * in a stable order (by path), one at a time. Hidden files and folders are left out, links are followed only where they stay inside the
   * allowed folders, each file comes once. Names only: nothing is opened. Errors as `resolve`, for the folder.
   */
  walk(folderOrPattern: string): AsyncIterable<AllowedFile>;
  /** What a source path stands for: one file, or something for `walk`; a path that holds glob characters and is an existing file is a file. */
  classify(path: string): Promise<'file' | 'folder' | 'pattern'>;
  /** The folders that may be read, as absolute paths. */
  allowedFolders(): Promise<string[]>;
}

/** Files from the web. */
export interface Downloads {
  /**
   * Fetches an https URL of a public host: every resolved address must be public, the connection is pinned to it, at most three
   * redirects, each checked again. INVALID_INPUT (not https, credentials in it), FORBIDDEN (private address, downloads are off, status 401 or 403),
   * INVALID_MEDIA (empty, or over `maxBytes`), NOT_FOUND (status 404 or 410), UNAVAILABLE (no answer, or another status).
   * The response's own text is never repeated. `mediaType` is `application/octet-stream` where the content is no supported picture.
   */
  fetch(url: string, options: { maxBytes: number } & CallOptions): Promise<FileBytes & { name: string }>;
}
