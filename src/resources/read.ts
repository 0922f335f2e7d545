import { ProtocolError, ProtocolErrorCode, type ReadResourceResult, ResourceNotFoundError } from '@modelcontextprotocol/server';
import { AppError, errorData } from '../errors.ts';

/** A resource's own content as JSON. */
export function jsonContent(uri: URL, data: unknown): ReadResourceResult['contents'][number] {
  return { uri: uri.href, mimeType: 'application/json', text: JSON.stringify(data, null, 2) };
}

/** Runs a read; our errors become protocol errors (not found: -32602 with the address), everything unexpected a fixed text. */
export async function reading(uri: URL, read: () => Promise<ReadResourceResult>): Promise<ReadResourceResult> {
  try {
    return await read();
  } catch (error) {
    const { code, message, hint } = errorData(error);
    if (error instanceof AppError && code === 'NOT_FOUND') throw new ResourceNotFoundError(uri.href, `${message}${hint ? ` ${hint}` : ''}`);
    if (code === 'INTERNAL') console.error(`${uri.href}:`, error);
    throw new ProtocolError(
      code === 'INTERNAL' ? ProtocolErrorCode.InternalError : ProtocolErrorCode.InvalidParams,
      `${code}: ${message}${hint ? ` ${hint}` : ''}`,
    );
  }
}
