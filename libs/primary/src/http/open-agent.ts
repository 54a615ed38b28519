import { Agent } from 'undici';

const CONNECT_TIMEOUT_MS = 5000;
const KEEP_ALIVE_MS = 30_000;

/** Connections to the primary, kept open between questions: a TLS handshake across an ocean costs more than the question. */
export function openAgent(options: { readonly connections: number; readonly timeoutMs: number }): Agent {
  return new Agent({
    connections: options.connections,
    connect: { timeout: Math.min(CONNECT_TIMEOUT_MS, options.timeoutMs) },
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: 32 * 1024,
  });
}
