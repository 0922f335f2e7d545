import { AppError } from '../errors.ts';
import type { Ports, VideoGenerator } from '../ports.ts';
import { usd } from './cost.ts';
import { checkDraft, type PlannedShot, type Storyboard } from './storyboard.ts';

/** Shorter sides that generate_video offers. */
const RESOLUTIONS = [1080, 720, 480];
/** Other providers that a refusal names. */
const PROVIDERS_SHOWN = 3;

/** What storyboards would cost at most, in US dollars; `undefined` where that does not keep every ceiling. */
type Price = (storyboards: Storyboard[]) => number | undefined;

/**
 * Cheaper ways to make what was refused, as arguments of generate_video with what each costs: the same storyboards are priced anew with one
 * thing changed, and only what keeps every ceiling is named. [] where nothing does.
 */
export function alternatives(ports: Ports, storyboards: Storyboard[], price: Price): string[] {
  const pass = (changed: Storyboard[]): string | undefined => {
    const cost = price(changed);
    return cost === undefined ? undefined : usd(cost);
  };
  const generator = ports.videoGenerators.get(storyboards[0].provider);
  const ways = [fewerTakes, shorter(generator), smaller, fewer];
  return [...ways.flatMap((way) => way(storyboards, pass) ?? []), ...otherProviders(ports, storyboards, pass)];
}

/** What a change costs, where it passes. */
type Pass = (changed: Storyboard[]) => string | undefined;
type Way = (storyboards: Storyboard[], pass: Pass) => string | undefined;

/** The largest number from `most` down to 1 with which it passes. */
function largest(most: number, pass: Pass, change: (count: number) => Storyboard[]): { count: number; cost: string } | undefined {
  for (let count = most; count >= 1; count--) {
    const cost = pass(change(count));
    if (cost) return { count, cost };
  }
  return undefined;
}

const fewerTakes: Way = (storyboards, pass) => {
  const { quality } = storyboards[0];
  if (!quality) return undefined;
  const found = largest(quality.maxTakes - 1, pass, (maxTakes) => storyboards.map((board) => ({ ...board, quality: { ...quality, maxTakes } })));
  return found && `quality.maxTakes: ${found.count} (${found.cost})`;
};

const shorter =
  (generator: VideoGenerator | undefined): Way =>
  (storyboards, pass) => {
    const seconds = storyboards.flatMap(({ shots }) => shots.map((shot) => shot.durationSeconds));
    const { minSeconds = 1 } = generator?.capabilities ?? {};
    const cut = (most: number) => storyboards.map((board) => withShots(board, (shot) => ({ ...shot, durationSeconds: Math.min(shot.durationSeconds, most) })));
    const found = largest(Math.ceil(Math.max(...seconds)) - 1, pass, cut);
    if (!found || found.count < minSeconds) return undefined;
    return `${seconds.length > 1 ? 'shots of at most ' : ''}durationSeconds: ${found.count} (${found.cost})`;
  };

const smaller: Way = (storyboards, pass) => {
  const [{ shots }] = storyboards;
  const side = Math.min(shots[0].width, shots[0].height);
  const even = (length: number, scale: number) => Math.round((length * scale) / 2) * 2;
  const full = pass(storyboards);
  for (const target of RESOLUTIONS.filter((each) => each < side)) {
    const scale = target / side;
    const cost = pass(storyboards.map((board) => withShots(board, (shot) => ({ ...shot, width: even(shot.width, scale), height: even(shot.height, scale) }))));
    if (cost && cost !== full) return `resolution: "${target}p" (${cost})`;
  }
  return undefined;
};

/** Of a batch fewer videos, of a storyboard fewer shots. */
const fewer: Way = (storyboards, pass) => {
  const [first] = storyboards;
  const batch = storyboards.length > 1;
  const count = batch ? storyboards.length : first.shots.length;
  const found = largest(count - 1, pass, (most) => (batch ? storyboards.slice(0, most) : [{ ...first, shots: first.shots.slice(0, most) }]));
  return found && `only the first ${found.count} of ${count} ${batch ? 'videos' : 'shots'} (${found.cost})`;
};

function otherProviders(ports: Ports, storyboards: Storyboard[], pass: Pass): string[] {
  const found: string[] = [];
  for (const generator of ports.videoGenerators.values()) {
    if (generator.id === storyboards[0].provider || found.length >= PROVIDERS_SHOWN) continue;
    if (!storyboards.every((board) => canMake(generator, board))) continue;
    const { roles, generative, free } = generator.capabilities;
    const uses = ({ role }: { role: PlannedShot['references'][number]['role'] }) => roles.includes(role);
    const cost = pass(
      storyboards.map((board) => ({ ...withShots(board, (shot) => ({ ...shot, references: shot.references.filter(uses) })), provider: generator.id })),
    );
    const lost = new Set(storyboards.flatMap(({ shots }) => shots.flatMap(({ references }) => references.filter((one) => !uses(one)).map(({ role }) => role))));
    const notes = [...(generative ? [] : ['camera moves over the reference, no AI video']), ...[...lost].map((role) => `without ${role}`)];
    if (cost) found.push(`provider: "${generator.id}" (${[free ? 'free' : cost, ...notes].join(', ')})`);
  }
  return found;
}

function canMake(generator: VideoGenerator, { collection, shots }: Storyboard): boolean {
  const { roles, textOnly } = generator.capabilities;
  if (!textOnly && shots.some(({ references }) => !references.some(({ role }) => roles.includes(role)))) return false;
  const { width, height, fps, seed } = shots[0];
  try {
    checkDraft({ collection, width, height, fps, seed, shots: shots.map((shot) => ({ ...shot, references: [] })) }, generator);
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

function withShots(storyboard: Storyboard, change: (shot: PlannedShot) => PlannedShot): Storyboard {
  return { ...storyboard, shots: storyboard.shots.map(change) };
}
