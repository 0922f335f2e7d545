import * as z from 'zod';
import { defineTool } from './define.ts';

export const deleteImage = defineTool({
  name: 'delete_image',
  title: 'Delete image',
  description:
    'Takes an image or video out of its collection for good; its id is remembered as deleted. The bytes stay while a video or in-painted picture made of it cites them, unless purge. Returns the assets that depend on it.',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
  input: z.strictObject({
    imageId: z.string(),
    purge: z.boolean().default(false).describe('Delete the bytes even where a manifest cites them'),
  }),
  output: z.strictObject({ deletedId: z.string(), bytesDeleted: z.boolean(), dependents: z.array(z.string()), advice: z.string() }),
  async handler({ imageId, purge }, { studio }) {
    const { id, name, collection, dependents, bytes: outcome } = await studio.assets.deleteAsset(studio.ports, imageId, purge);
    const bytesDeleted = outcome === 'deleted';
    const bytes = {
      deleted: 'Its bytes are deleted.',
      cited: 'Its bytes stay, because what was made of it cites them; purge deletes them too.',
      shared: 'Its bytes stay, because another asset has the same ones.',
    }[outcome];
    const made = dependents.length > 0 ? `Made of it, and still there: ${dependents.join(', ')}.` : 'Nothing was made of it.';
    const advice = `${bytes} ${made}`;
    return { data: { deletedId: id, bytesDeleted, dependents, advice }, text: `Deleted ${id} ("${name}") from "${collection}". ${advice}` };
  },
});
