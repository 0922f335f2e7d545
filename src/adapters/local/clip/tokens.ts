import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import type { TextRules } from './model.ts';

/** What a text tower takes of one text. */
export interface Tokens {
  ids: number[];
  /** 1 for tokens that count, 0 for filling that the tower must not see. */
  mask: number[];
}

/** Reads a folder's tokeniser (SigLIP 2: 34 MB, seconds) and returns the function from a text to its tokens. Throws a plain Error where the files are broken. */
export function openTokeniser(folder: string, rules: TextRules): (text: string) => Tokens {
  const json = (name: string) => JSON.parse(readFileSync(path.join(folder, name), 'utf8'));
  const config = existing(() => json('tokenizer_config.json')) ?? {};
  const tokenizer = new Tokenizer(json('tokenizer.json'), config);
  const padding = paddingId(tokenizer, config);
  return (text) => {
    const ids = truncated(tokenizer, rules.lowerCase ? text.toLowerCase() : text, rules.maxTokens);
    const filling = rules.pad ? Math.max(0, rules.maxTokens - ids.length) : 0;
    return {
      ids: [...ids, ...new Array<number>(filling).fill(padding)],
      mask: [...ids.map(() => 1), ...new Array<number>(filling).fill(rules.maskPadding ? 0 : 1)],
    };
  };
}

function existing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** At most `maxTokens`; what is cut off is text, never the special tokens around it, because CLIP reads its vector at the end token. */
function truncated(tokenizer: Tokenizer, text: string, maxTokens: number): number[] {
  const ids: number[] = tokenizer.encode(text).ids;
  if (ids.length <= maxTokens) return ids;
  const own: number[] = tokenizer.encode(text, { add_special_tokens: false }).ids;
  const extra = ids.length - own.length;
  const start = Array.from({ length: extra + 1 }, (_, i) => i).find((i) => own.every((id, j) => ids[i + j] === id)) ?? 0;
  return [...ids.slice(0, start), ...own.slice(0, Math.max(0, maxTokens - extra)), ...ids.slice(start + own.length)].slice(0, maxTokens);
}

/** As tokenizer_config.json names it; else the usual names; else 0. */
function paddingId(tokenizer: Tokenizer, config: { pad_token?: unknown }): number {
  const given = typeof config.pad_token === 'object' ? Object(config.pad_token).content : config.pad_token;
  for (const token of [given, '<pad>', '</s>', '<|endoftext|>']) {
    const id = typeof token === 'string' ? tokenizer.token_to_id(token) : undefined;
    if (id !== undefined) return id;
  }
  return 0;
}
