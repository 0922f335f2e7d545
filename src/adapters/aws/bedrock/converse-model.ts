import { type Model, modelNamed, modelOf } from './models.ts';

/** A short name for the model that is meant to be used. */
const DEFAULT_NAME = 'nova-2-lite';

/** A model that takes pictures through Converse, with its prices: `nova-2-lite`, or the id of any model or inference profile. */
export function converseModel(name: string): Model {
  return name === DEFAULT_NAME ? modelNamed(DEFAULT_NAME) : modelOf(name);
}

/** The most that a call costs, US dollars; a model without a price in models.json counts as the dearest there. */
export function converseCostUsd({ id }: Model, tokens: { input: number; output: number }): number {
  const known = [modelNamed('nova-2-lite'), modelNamed('claude-haiku-4-5')];
  const { prices } = known.find((model) => id.endsWith(model.id)) ?? known[known.length - 1];
  return (tokens.input * prices.perThousandInputTokens + tokens.output * prices.perThousandOutputTokens) / 1000;
}
