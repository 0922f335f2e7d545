import type { McpServer } from '@modelcontextprotocol/server';
import { campaign } from './campaign.ts';
import type { Prompt } from './define.ts';
import { improve } from './improve.ts';
import { storyboard } from './storyboard.ts';

/** All prompts, in the order in which they are listed. */
export const prompts: readonly Prompt[] = [storyboard, improve, campaign];

/** Ways to begin that a person can pick in the client. They open nothing: each is text that names the calls to make. */
export function registerPrompts(server: McpServer): void {
  for (const { name, title, description, input, text } of prompts) {
    server.registerPrompt(name, { title, description, argsSchema: input }, (args) => ({
      messages: [{ role: 'user', content: { type: 'text', text: text(args as never) } }],
    }));
  }
}
