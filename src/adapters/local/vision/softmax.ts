/** Probabilities of the ImageNet-1k classes from the model's logits. */
export function softmax(logits: Float32Array): Float32Array {
  let top = Number.NEGATIVE_INFINITY;
  for (const value of logits) top = Math.max(top, value);
  const result = new Float32Array(logits.length);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    result[i] = Math.exp(logits[i] - top);
    sum += result[i];
  }
  for (let i = 0; i < result.length; i++) result[i] /= sum;
  return result;
}

/** How many of a picture's own classes are looked for in its cells. */
const OWN_CLASSES = 5;

/** The five most probable classes, with their parts of what these have together. */
export function ownClasses(logits: Float32Array): [index: number, share: number][] {
  const probabilities = softmax(logits);
  const top = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, OWN_CLASSES);
  const total = top.reduce((sum, index) => sum + probabilities[index], 0);
  return top.map((index) => [index, probabilities[index] / total]);
}

/**
 * How strongly each cell speaks for what the picture as a whole is taken for: the class activation map (Zhou et al., CVPR 2016) of its
 * five most probable classes, weighted by their probabilities, over the mean logit of all classes in that cell. Logits, 0 or more.
 */
export function ownActivation(logits: Float32Array, cellLogits: Float32Array): Float32Array {
  const own = ownClasses(logits);
  const cells = cellLogits.length / logits.length;
  return Float32Array.from({ length: cells }, (_, cell) => {
    let mean = 0;
    for (let i = cell; i < cellLogits.length; i += cells) mean += cellLogits[i] / logits.length;
    return Math.max(
      0,
      own.reduce((sum, [index, share]) => sum + share * (cellLogits[index * cells + cell] - mean), 0),
    );
  });
}

/**
 * The weighted sum of each cell's class probabilities. `cellLogits` is [classes, cells]; returns one value 0..1 per cell
 * (weights are at most 1).
 */
export function cellEvidence(cellLogits: Float32Array, weights: Float32Array): Float32Array {
  const cells = cellLogits.length / weights.length;
  const evidence = new Float32Array(cells);
  for (let cell = 0; cell < cells; cell++) {
    let top = Number.NEGATIVE_INFINITY;
    for (let i = cell; i < cellLogits.length; i += cells) top = Math.max(top, cellLogits[i]);
    let sum = 0;
    let wanted = 0;
    for (let c = 0, i = cell; c < weights.length; c++, i += cells) {
      const value = Math.exp(cellLogits[i] - top);
      sum += value;
      wanted += weights[c] * value;
    }
    evidence[cell] = wanted / sum;
  }
  return evidence;
}
