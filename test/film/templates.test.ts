import { describe, expect, it } from 'vitest';
import { fillTemplates, MAX_BATCH, placeholdersOf, templatesOf } from '../../src/film/templates.ts';

describe('prompt templates', () => {
  it('are the lines of a file without the blank ones', () => {
    expect(templatesOf('\uFEFFOne <a>.\r\n\r\n   \nTwo.\rThree.\n')).toEqual(['One <a>.', 'Two.', 'Three.']);
  });

  it('name their placeholders once', () => {
    expect(placeholdersOf('A <object_prompt> beside a <object_prompt>, while <action-2>; 1 < 2 > 0, <>, < x>')).toEqual(['object_prompt', 'action-2']);
  });

  it('are filled with every variable set, template by template', () => {
    const filled = fillTemplates(['<o> in fog', '', '<o> at sea'], [{ o: 'a dog' }, { o: 'a shoe' }]);
    expect(filled).toEqual([
      { prompt: 'a dog in fog', template: 0, variables: 0 },
      { prompt: 'a shoe in fog', template: 0, variables: 1 },
      { prompt: 'a dog at sea', template: 1, variables: 0 },
      { prompt: 'a shoe at sea', template: 1, variables: 1 },
    ]);
  });

  it('without placeholders need no variables', () => {
    expect(fillTemplates(['Waves.'], [])).toEqual([{ prompt: 'Waves.', template: 0 }]);
  });

  it('do not fill what a value brings along', () => {
    expect(fillTemplates(['<a> and <b>'], [{ a: '<b>', b: 'x' }])[0].prompt).toBe('<b> and x');
    expect(fillTemplates(['<a>'], [{ a: '$& $1' }])[0].prompt).toBe('$& $1');
  });

  it.each([
    [[], [], 'templates holds no text'],
    [['<a>'], [], 'variables is empty'],
    [['<a> <b>'], [{ a: 'x' }], 'variables[0] has no value for <b>'],
    [['<a>'], [{ a: ' \u200b ' }], 'variables[0] has no value for <a>'],
    [['<a>'], [{ a: 'x' }, { a: 'x', c: 'y' }], 'variables[1] has "c", which no template uses'],
    [['plain'], [{ a: 'x' }], 'which no template uses'],
    [Array.from({ length: MAX_BATCH + 1 }, () => 'x'), [], `more than ${MAX_BATCH}`],
    [['<toString>'], [{}], 'no value for <toString>'],
  ])('%j with %j: %s', (templates, sets, message) => {
    expect(() => fillTemplates(templates, sets as Record<string, string>[])).toThrow(message);
  });
});
