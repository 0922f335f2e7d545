import { afterAll, describe } from 'vitest';
import { createSegmenter } from '../../src/adapters/local/segmenter/segmenter.ts';
import { segmenterContract } from '../contracts/segmenter.ts';

const segmenter = createSegmenter();
afterAll(() => segmenter.close());

describe('outlines by GrabCut', () => {
  segmenterContract(async () => segmenter);
});
