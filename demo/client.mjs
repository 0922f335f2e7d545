import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

/** Longest silence of a call; every progress notification starts it anew. */
const TIMEOUT_MS = 120_000;

/** A tool said no; `code` and `hint` are the server's. */
export class ToolError extends Error {
  constructor(tool, { code, message, hint }) {
    super(message);
    this.tool = tool;
    this.code = code;
    this.hint = hint;
  }
}

/** Starts the built server on stdio and connects to it, as any MCP client does. `folders` are what it may read, `home` is its data folder. */
export async function connect({ cli, home, folders }) {
  const client = new Client({ name: 'vrag-demo', version: '1.0.0' });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [cli, ...folders],
    env: { ...process.env, VRAG_HOME: home },
    stderr: 'pipe',
  });
  let complaints = '';
  transport.stderr?.on('data', (chunk) => {
    complaints = `${complaints}${chunk}`.slice(-4000);
  });
  await client.connect(transport).catch((error) => {
    throw new Error(`The server did not start (${error.message}).\n${complaints.trim()}`);
  });
  const { tools } = await client.listTools();

  /** Calls a tool: `{ data, text, images }`. Throws `ToolError` where the tool refuses. */
  async function call(name, args, onProgress) {
    const onprogress = onProgress && (({ progress, total }) => onProgress(total ? progress / total : progress));
    const result = await client.callTool(
      { name, arguments: args },
      { timeout: TIMEOUT_MS, resetTimeoutOnProgress: true, ...(onprogress ? { onprogress } : {}) },
    );
    const text = result.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');
    if (result.isError) throw new ToolError(name, result._meta?.['vrag/error'] ?? { code: 'UNKNOWN', message: text });
    const images = result.content.flatMap((block) => (block.type === 'image' ? [Buffer.from(block.data, 'base64')] : []));
    return { data: result.structuredContent, text, images };
  }

  /** Long-polls a job to its end. */
  async function waitForJob(jobId, onProgress) {
    for (;;) {
      const { data, images } = await call('get_job', { jobId, waitSeconds: 45 }, onProgress);
      const [job] = data.jobs;
      if (!['queued', 'running'].includes(job.state)) return { job, sheet: images[0] };
    }
  }

  return {
    call,
    waitForJob,
    tools: tools.map((tool) => tool.name),
    server: client.getServerVersion(),
    complaints: () => complaints,
    close: () => client.close(),
  };
}
