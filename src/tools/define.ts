import type * as z from 'zod';
import type { FileBytes } from '../ports.ts';
import type { Studio } from '../studio.ts';

/** What a handler gets besides its checked arguments. */
export interface ToolContext {
  studio: Studio;
  /** Aborts when the client cancels the call; jobs go on. */
  signal: AbortSignal;
  /** Sends a progress notification where the client asked for them; `progress` must grow. */
  progress(progress: number, total: number, message: string): Promise<void>;
}

/** A pointer to something larger than a result may carry. */
export interface ResourceLink {
  uri: string;
  name: string;
  mimeType: string;
}

/** `text` and `data` each carry everything (but long series of numbers, which only `data` has), since some clients show the model only one of them; images and links are extra. */
export interface ToolResult<Data> {
  data: Data;
  text: string;
  images?: FileBytes[];
  links?: ResourceLink[];
}

/** All four hints are required, so that every tool says what it does to the world. */
export interface ToolAnnotations {
  readOnlyHint: boolean;
  destructiveHint: boolean;
  idempotentHint: boolean;
  openWorldHint: boolean;
}

export interface Tool {
  name: string;
  title: string;
  /** What it does, when to use it, what it returns: at most 400 characters. */
  description: string;
  annotations: ToolAnnotations;
  input: z.ZodObject;
  output: z.ZodObject;
  handler(args: never, context: ToolContext): Promise<ToolResult<Record<string, unknown>>>;
}

/** Ties a handler's types to its schemas, then forgets them so that one list can hold all tools. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  tool: Omit<Tool, 'input' | 'output' | 'handler'> & {
    input: Input;
    output: Output;
    handler(args: z.output<Input>, context: ToolContext): Promise<ToolResult<z.input<Output>>>;
  },
): Tool {
  return tool;
}
