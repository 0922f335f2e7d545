// Fifty requests, ten for each defect of the flawed test provider, drawn by a seed.
const REFERENCES = ['march-pastoral', 'french-alpine-landscape', 'dust-bowl-home', 'black-canyon', 'nagasaki-boats', 'allium-oreophilum'];
const SUBJECTS = ['the meadow', 'the hillside', 'the old house', 'the water', 'the flowers', 'the boats', 'the valley'];
const PER_DEFECT = 10;

const PROMPTS = {
  drifts: [
    (subject, word) => `A ${word} storm comes over ${subject}`,
    (subject, word) => `${word} clouds over ${subject} while the light moves`,
    (subject, word) => `Leaves in a ${word} wind around ${subject}`,
  ],
  freezes: [(subject, word) => `A ${word} of ${subject} in the evening`, (subject, word) => `${subject}, ${word}, warm colours`],
  ignores: [
    (subject, word) =>
      `The camera moves over ${subject}. In the ${word} background there are market stalls with fruit, children who play with a ball, a tram with open doors, two bakers, and a band that plays for everybody`,
    (subject, word) =>
      `Light moves over ${subject}. Around it a ${word} crowd of people in costumes walks past tables with cakes, lanterns, paper birds, old bicycles, drums and a row of tall glass bottles`,
  ],
  flickers: [
    (subject, word) => `The camera moves over ${subject} under ${word} light`,
    (subject, word) => `Night, ${word} lamps, and ${subject} sways in the wind`,
  ],
  wrongCamera: [(subject, word) => `A ${word} camera moves over ${subject}`, (subject, word) => `The view of ${subject} sways, ${word}, in the wind`],
};
const WORDS = {
  drifts: ['fast', 'wild', 'furious', 'frenzied', 'rapid', 'swirling', 'chaotic', 'explosive'],
  freezes: ['view', 'portrait', 'perfectly still painting', 'study', 'motionless scene'],
  ignores: ['busy', 'bright', 'distant', 'festive'],
  flickers: ['flickering', 'strobe', 'flashing', 'disco', 'pulsing', 'sparkling'],
  wrongCamera: ['shaky', 'shaking', 'spinning', 'tumbling', 'jerky'],
};

/** Defects alternate, so that neighbours differ. */
export function improveCases(perDefect = PER_DEFECT) {
  let state = 20261121;
  const random = () => {
    state = (state * 48271) % 2147483647; // Park and Miller's minimal standard generator
    return state / 2147483647;
  };
  const pick = (list) => list[Math.floor(random() * list.length)];
  return Array.from({ length: perDefect }, () =>
    Object.keys(PROMPTS).map((defect) => ({
      defect,
      prompt: pick(PROMPTS[defect])(pick(SUBJECTS), pick(WORDS[defect])),
      durationSeconds: Math.round((2 + random()) * 10) / 10,
      reference: pick(REFERENCES),
    })),
  ).flat();
}
