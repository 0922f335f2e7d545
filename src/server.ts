import { type CallToolResult, McpServer } from '@modelcontextprotocol/server';
import { AppError, errorData } from './errors.ts';
import { instructions } from './instructions.ts';
import type { JobUpdates } from './job-updates.ts';
import { registerPrompts } from './prompts/index.ts';
import { registerResources } from './resources/index.ts';
import type { OpenStudio } from './studio.ts';
import { acceptSubscriptions } from './subscriptions.ts';
import type { Tool, ToolContext, ToolResult } from './tools/define.ts';
import { tools } from './tools/index.ts';
import { listed } from './tools/listed.ts';
import { version } from './version.ts';

/**
 * A server over the studio that `open` returns; called per connection (stdio) or per request (HTTP). It holds no state, and nothing
 * is opened before a call needs it. `updates`: what subscribers hear of; absent: there are no subscriptions.
 */
export function createServer(open: OpenStudio, updates?: JobUpdates): McpServer {
  const server = new McpServer(
    { name: 'vrag-mcp', title: 'V-RAG: video grounded in your own images', version },
    // The lists of tools, prompts and templates never change, and no notification is sent when an asset is added.
    {
      instructions,
      capabilities: {
        completions: {},
        tools: { listChanged: false },
        prompts: { listChanged: false },
        resources: { listChanged: false, ...(updates ? { subscribe: true } : {}) },
      },
    },
  );
  if (updates) acceptSubscriptions(server, updates);
  for (const tool of tools) register(server, tool, open);
  registerResources(server, open);
  registerPrompts(server);
  return server;
}

function register(server: McpServer, tool: Tool, open: OpenStudio): void {
  const { name, title, description, annotations, input, output } = tool;
  server.registerTool(
    name,
    { title, description, annotations: { ...annotations }, inputSchema: listed(input, name, 'input'), outputSchema: listed(output, name, 'output') },
    async (args, ctx): Promise<CallToolResult> => {
      try {
        const token = ctx.mcpReq._meta?.progressToken;
        let reported = -1;
        const context: ToolContext = {
          studio: await open(),
          signal: ctx.mcpReq.signal,
          progress: async (progress, total, message) => {
            // The protocol wants each value to be larger than the one before.
            if (token === undefined || progress <= reported) return;
            reported = progress;
            await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken: token, progress, total, message } });
          },
        };
        return toResult(await tool.handler(args as never, context));
      } catch (error) {
        return toErrorResult(error, name);
      }
    },
  );
}

function toResult({ data, text, images = [], links = [] }: ToolResult<Record<string, unknown>>): CallToolResult {
  return {
    content: [
      { type: 'text', text },
      ...images.map(({ bytes, mediaType }) => ({ type: 'image' as const, data: Buffer.from(bytes).toString('base64'), mimeType: mediaType })),
      ...links.map((link) => ({ type: 'resource_link' as const, ...link })),
    ],
    structuredContent: data,
  };
}

/**
 * The one place where errors become results: text that begins with the code. There is no `structuredContent`, because clients check it
 * against the output schema even for errors.
 */
function toErrorResult(error: unknown, tool: string): CallToolResult {
  const { code, message, hint } = errorData(error);
  if (code === 'INTERNAL') console.error(`${tool} failed:`, error);
  else if (error instanceof AppError && error.cause instanceof Error) console.error(`${tool}: ${code}: ${message} (${error.cause.message.split('\n')[0]})`);
  return {
    content: [{ type: 'text', text: `${code}: ${message}${hint ? `\n${hint}` : ''}` }],
    isError: true,
    _meta: { 'vrag/error': { code, message, ...(hint ? { hint } : {}) } },
  };
}
