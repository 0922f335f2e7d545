import type { FileBytes, Ports, StoredObject } from '../ports.ts';

/**
 * Ends the time in which an object that an asset was just made of could be taken for one that nobody needs: whoever deletes an unused
 * object counts its assets, and puts it back where one came meanwhile (`discard`); whoever adds an asset looks once more whether it is there.
 */
export async function assure(ports: Ports, key: string, file: FileBytes): Promise<void> {
  if (!(await ports.objects.has(key))) await ports.objects.put(file.bytes, file.mediaType);
}

/**
 * Deletes the object of an asset that did not come to be, where it was new and no other asset has it. One that was there before may be cited by
 * something made here. Never throws: the failure before it is what counts.
 */
export async function discard(ports: Ports, { key, isNew }: StoredObject, file: FileBytes): Promise<void> {
  try {
    if (!isNew || (await ports.catalog.countByObjectKey(key)) > 0) return;
    await ports.objects.delete(key);
    if ((await ports.catalog.countByObjectKey(key)) > 0) await assure(ports, key, file);
  } catch (error) {
    console.error(`unused object ${key} not deleted:`, error);
  }
}
