import { describe, expect, it } from 'vitest';
import { contentWords, coverage, writtenShare } from '../../src/library/coverage.ts';
import { fuse } from '../../src/library/search.ts';
import { cleanTags, cleanText } from '../../src/library/text.ts';
import type { Asset } from '../../src/ports.ts';

const asset = (fields: Partial<Asset>): Asset => ({
  ...{ id: 'img_a', collection: 'c', kind: 'image', status: 'approved', objectKey: 'k', sha256: 's', mediaType: 'image/png', byteLength: 1 },
  ...{ width: 1, height: 1, name: 'x.png', tags: [], source: 's', createdAt: '', updatedAt: '' },
  ...fields,
});
const boat = { word: 'boat', weight: 1, classes: [[7, 1]] as [number, number][] };
const query = (fields = {}) => ({ concepts: [], colours: [], unknownWords: [], ...fields });

describe('what of a query an asset answers', () => {
  it('finds words in caption, tags and name, whatever their ending', () => {
    const hit = asset({ caption: 'Two boats sailing', tags: ['summer'], name: 'harbour.jpg' });
    expect(coverage(hit, query({ unknownWords: ['sail', 'harbours', 'summer', 'winter'] }), 'sail harbours summer winter')).toEqual({
      found: ['sail', 'harbours', 'summer'],
      missing: ['winter'],
      weak: false,
    });
  });

  it('finds what the model sees from a probability of .15', () => {
    const seen = (p: number) => asset({ seen: { classes: [[7, p]], colours: [] } });
    expect(coverage(seen(0.2), query({ concepts: [boat] }), 'boat').weak).toBe(false);
    expect(coverage(seen(0.1), query({ concepts: [boat] }), 'boat').weak).toBe(true);
  });

  it('never takes a mere neighbour of the word for a sight of it', () => {
    const hit = asset({ seen: { classes: [[7, 0.9]], colours: [] } });
    expect(coverage(hit, query({ concepts: [{ ...boat, weight: 0.5 }] }), 'boat').weak).toBe(true);
  });

  it('a matching colour alone does not make the thing', () => {
    const hit = asset({ seen: { classes: [], colours: [['yellow', 0.8]] } });
    const result = coverage(hit, query({ concepts: [boat], colours: ['yellow'] }), 'yellow boat');
    expect(result).toEqual({ found: ['yellow'], missing: ['boat'], weak: true });
  });

  it('words of the name count half, function words not at all', () => {
    expect(contentWords('the dog on a beach')).toEqual(['dog', 'beach']);
    expect(writtenShare(asset({ name: 'dog.jpg' }), 'the dog on a beach')).toBe(0.25);
    expect(writtenShare(asset({ caption: 'Dogs at the beach' }), 'the dog on a beach')).toBe(1);
  });
});

describe('fusion', () => {
  it('adds strengths, so one clear sight beats two weak signs', () => {
    const weak = [
      { id: 'b', score: 0.2 },
      { id: 'a', score: 0.1 },
    ];
    expect(fuse([[{ id: 'b', score: 0.3 }], [{ id: 'a', score: 0.9 }, ...weak.slice(0, 1)]])).toEqual(['a', 'b']);
  });

  it('breaks ties by id, so pages stay stable', () => {
    expect(
      fuse([
        [
          { id: 'z', score: 1 },
          { id: 'm', score: 1 },
        ],
      ]),
    ).toEqual(['m', 'z']);
  });
});

describe('untrusted text', () => {
  it('loses escapes, control, zero-width and bidirectional characters and is capped', () => {
    expect(cleanText('\u001b[31mred\u001b[0m\u202e gnp.exe\u200b\n\tline', 100)).toBe('red gnp.exe line');
    expect(cleanText('x'.repeat(50), 10)).toBe(`${'x'.repeat(9)}…`);
  });

  it('tags are lower case and unique', () => expect(cleanTags(['Red', 'red ', '\u0000', 'BLUE'])).toEqual(['red', 'blue']));
});
