import type * as z from 'zod';

/** A conversation starter that a person picks in the client; its text names the calls that an agent is to make. */
export interface Prompt {
  name: string;
  title: string;
  description: string;
  input: z.ZodObject;
  /** The first message of the conversation. */
  text(args: never): string;
}

/** Ties the text's arguments to the schema, then forgets them so that one list can hold all prompts. */
export function definePrompt<Input extends z.ZodObject>(
  prompt: Omit<Prompt, 'input' | 'text'> & { input: Input; text(args: z.output<Input>): string },
): Prompt {
  return prompt;
}
