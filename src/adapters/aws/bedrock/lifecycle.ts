import type { Bedrock as ControlPlane } from '@aws-sdk/client-bedrock';
import { AppError } from '../../../errors.ts';
import { bedrockError, ended, notThere } from './errors.ts';
import { foundationId, type Model } from './models.ts';

/** Where a model stands in a region. `unknown`: Bedrock did not say (no permission to ask, no answer). */
export interface ModelState {
  state: 'active' | 'legacy' | 'ended' | 'notThere' | 'unknown';
  /** Day of its end of life, where AWS has set one. */
  endOfLife?: string;
  /** Why it is `unknown`. */
  why?: string;
}

/** A model's state is asked again after this long: legacy periods are counted in months. */
const KEEP_MS = 6 * 3600_000;
const ASK_SECONDS = 10;

/** Reads models' states from Bedrock at their first use (GetFoundationModel, free of charge) and remembers them. */
export class Lifecycle {
  readonly #client: (region: string) => Promise<ControlPlane>;
  readonly #known = new Map<string, { at: number; state: Promise<ModelState> }>();

  constructor(client: (region: string) => Promise<ControlPlane>) {
    this.#client = client;
  }

  async stateOf(model: Model, region: string): Promise<ModelState> {
    const id = foundationId(model.id);
    const known = this.#known.get(id);
    if (known && Date.now() - known.at < KEEP_MS) return known.state;
    const state = this.#ask(model, id, region);
    this.#known.set(id, { at: Date.now(), state });
    const { state: answer } = await state;
    if (answer === 'unknown') this.#known.delete(id);
    if (answer === 'legacy') console.error(`[bedrock] ${model.title} is marked as legacy by AWS: it will be retired.`);
    return state;
  }

  /** MISCONFIGURED where the model is retired or not in this region, with what to use instead. Everything else is left to the call itself. */
  async check(model: Model, region: string): Promise<void> {
    const { state, endOfLife } = await this.stateOf(model, region);
    if (state !== 'ended' && state !== 'notThere') return;
    const dated = endOfLife ? { ...model, endOfLife } : model;
    const [code, message, hint] = state === 'ended' ? ended(dated) : notThere(dated, region);
    throw new AppError(code, message, { hint });
  }

  async #ask(model: Model, modelIdentifier: string, region: string): Promise<ModelState> {
    try {
      const client = await this.#client(region);
      const { modelDetails } = await client.getFoundationModel({ modelIdentifier }, { abortSignal: AbortSignal.timeout(ASK_SECONDS * 1000) });
      const { status, endOfLifeTime } = modelDetails?.modelLifecycle ?? {};
      const endOfLife = endOfLifeTime?.toISOString().slice(0, 10);
      const dated = endOfLife ? { endOfLife } : {};
      if (endOfLifeTime && endOfLifeTime.getTime() < Date.now()) return { state: 'ended', ...dated };
      return { state: status === 'LEGACY' ? 'legacy' : 'active', ...dated };
    } catch (error) {
      return notTold(error, model, region);
    }
  }
}

/** Permissions and networks that keep us from asking must not keep anybody from using a model. */
function notTold(error: unknown, model: Model, region: string): ModelState {
  const { name, message = '' } = error as { name?: string; message?: string };
  if (/end of its life/i.test(message)) return { state: 'ended' };
  const missing = name === 'ResourceNotFoundException' || (name === 'ValidationException' && /identifier is invalid/i.test(message));
  if (missing) return { state: model.endOfLife && Date.parse(model.endOfLife) < Date.now() ? 'ended' : 'notThere' };
  return { state: 'unknown', why: bedrockError(error, { model, region, action: 'bedrock:GetFoundationModel' }).message };
}
