import { type McpServer, ProtocolError, ProtocolErrorCode, type ServerEvent, type ServerEventBus } from '@modelcontextprotocol/server';
import type { JobUpdates } from './job-updates.ts';

const JOB_URI = /^vrag:\/\/jobs\/\w+$/;

/**
 * `resources/subscribe` and `resources/unsubscribe` of the revisions before 2026-07-28, for `vrag://jobs/{id}`: what else there is to read does
 * not change. It needs a connection that lives on: stdio, or an HTTP session. Later revisions are served by the SDK (`forwardUpdates`, `updatesBus`).
 */
export function acceptSubscriptions({ server }: McpServer, updates: JobUpdates): void {
  const subscribed = new Set<string>();
  let stop: (() => void) | undefined;
  server.setRequestHandler('resources/subscribe', ({ params: { uri } }) => {
    if (!JOB_URI.test(uri))
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Only jobs (vrag://jobs/{id}) can be subscribed to, not ${uri.slice(0, 100)}.`);
    subscribed.add(uri);
    stop ??= updates.subscribe((changed) => {
      if (subscribed.has(changed)) void server.sendResourceUpdated({ uri: changed }).catch(() => undefined);
    });
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', ({ params: { uri } }) => {
    subscribed.delete(uri);
    return {};
  });
  whenClosed(server, () => stop?.());
}

/** Tells a server on stdio of every change; what its client has not asked for with `subscriptions/listen` the SDK drops. */
export function forwardUpdates({ server }: McpServer, updates: JobUpdates): void {
  const stop = updates.subscribe((uri) => void server.sendResourceUpdated({ uri }).catch(() => undefined));
  whenClosed(server, stop);
}

/** The bus of an HTTP handler: jobs are looked at while any client listens with `subscriptions/listen`. */
export function updatesBus(updates: JobUpdates): ServerEventBus {
  const listeners = new Set<(event: ServerEvent) => void>();
  return {
    publish(event) {
      for (const listener of listeners) listener(event);
    },
    subscribe(listener) {
      listeners.add(listener);
      const stop = updates.subscribe((uri) => listener({ kind: 'resource_updated', uri }));
      return () => {
        listeners.delete(listener);
        stop();
      };
    },
  };
}

function whenClosed(server: McpServer['server'], then: () => void): void {
  const before = server.onclose;
  server.onclose = () => {
    before?.();
    then();
  };
}
