import type { IncomingMessage } from 'node:http';

/** What of a client's request the primary may see. Cookies, forwarding and everything unknown stay here. */
const PASSABLE = [
  'accept',
  'accept-encoding',
  'accept-language',
  'content-encoding',
  'content-type',
  'git-protocol',
  'user-agent',
] as const;

export function passableHeaders({ headers }: IncomingMessage): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of PASSABLE) {
    const value = headers[name];
    if (typeof value === 'string') passed[name] = value;
  }
  return passed;
}
