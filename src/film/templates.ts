import { AppError } from '../errors.ts';
import { cleanText } from '../library/text.ts';

/** Values for the placeholders of a template, by name without the angle brackets. */
export type Variables = Record<string, string>;

/** One filled template. */
export interface FilledTemplate {
  prompt: string;
  /** Index into the templates that were given. */
  template: number;
  /** Index into the variable sets that were given; absent where the templates have no placeholder. */
  variables?: number;
}

/** Prompts that one batch may have: more would fill the queue of a small machine for hours. */
export const MAX_BATCH = 100;

/** `<name>`: letters, digits, underscore and dash, as in AWS's V-RAG sample (`<object_prompt>`, `<action_prompt>`; prompts.txt, read 2026-11). */
const PLACEHOLDER = /<([\p{L}_][\p{L}\p{N}_-]{0,39})>/gu;

/** Templates as lines of a text file; blank lines are skipped. */
export function templatesOf(text: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r\n?|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Names of a template's placeholders, each once. */
export function placeholdersOf(template: string): string[] {
  return [...new Set(Array.from(template.matchAll(PLACEHOLDER), ([, name]) => name))];
}

/**
 * Every template with every variable set, in that order. INVALID_INPUT where there is no template, a placeholder has no (or an empty)
 * value, a variable stands in no template, the templates need variables and none are given, or there are more than `MAX_BATCH` prompts.
 * `beside` are texts that are filled with the same sets, so their placeholders count as used.
 */
export function fillTemplates(given: string[], sets: Variables[], beside: string[] = []): FilledTemplate[] {
  const templates = given.map((template) => template.trim()).filter((template) => template !== '');
  if (templates.length === 0)
    throw new AppError('INVALID_INPUT', 'templates holds no text.', { hint: 'Give at least one line such as "A shot of <object_prompt>".' });
  const names = new Set([...templates, ...beside].flatMap(placeholdersOf));
  for (const [index, set] of sets.entries()) checkNames(set, names, index);
  if (names.size > 0 && sets.length === 0) {
    throw new AppError('INVALID_INPUT', `The templates have placeholders (${listed(names)}) and variables is empty.`, {
      hint: `Give variables, e.g. [{${[...names].map((name) => `"${name}": "..."`).join(', ')}}].`,
    });
  }
  const count = templates.length * (names.size === 0 ? 1 : sets.length);
  if (count > MAX_BATCH) {
    throw new AppError('INVALID_INPUT', `${templates.length} templates and ${sets.length} variable sets make ${count} prompts, more than ${MAX_BATCH}.`, {
      hint: 'Send them as several batches.',
    });
  }
  return templates.flatMap((template, index) => {
    if (names.size === 0) return [{ prompt: template, template: index }];
    return sets.map((set, at) => ({ prompt: fillTemplate(template, set, `variables[${at}]`), template: index, variables: at }));
  });
}

/** A template with its placeholders replaced, once: a value that holds a placeholder stays as it is. INVALID_INPUT where one has no value. */
export function fillTemplate(template: string, set: Variables, where: string): string {
  return template.replace(PLACEHOLDER, (placeholder, name: string) => {
    const value = Object.hasOwn(set, name) ? cleanText(set[name], 1000) : '';
    if (value !== '') return value;
    throw new AppError('INVALID_INPUT', `${where} has no value for ${placeholder}.`, {
      hint: `Add "${name}" to it; it has: ${
        Object.keys(set)
          .map((key) => cleanText(key, 40))
          .join(', ') || 'nothing'
      }.`,
    });
  });
}

/** A variable that no template uses is most likely a typing error. */
function checkNames(set: Variables, names: Set<string>, index: number): void {
  const unknown = Object.keys(set).filter((name) => !names.has(name));
  if (unknown.length === 0) return;
  const shown = unknown.map((name) => `"${cleanText(name, 40)}"`).join(', ');
  throw new AppError('INVALID_INPUT', `variables[${index}] has ${shown}, which no template uses.`, {
    hint: names.size > 0 ? `Placeholders of the templates: ${listed(names)}.` : 'The templates have no placeholder such as <object_prompt>.',
  });
}

const listed = (names: Set<string>): string => [...names].map((name) => `<${name}>`).join(', ');
