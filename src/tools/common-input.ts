import * as z from 'zod';

const COLLECTION_NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u;

/**
 * Collections: 1 to 64 characters, letters and digits of any script, space, dot, dash and underscore. Checked here rather than by a JSON
 * Schema pattern, because not every client's regular expressions know Unicode classes.
 */
export const CollectionName = z
  .string()
  .refine(
    (name) => COLLECTION_NAME.test(name),
    'A collection name has 1 to 64 letters, digits, spaces, dots, dashes or underscores and begins with a letter or digit.',
  );

export const CollectionInput = CollectionName.default('default');

export const TagsInput = z.array(z.string()).max(32);
