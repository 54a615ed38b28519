import { z } from 'zod';
import { readJson } from '../parts/read-json.js';

const countsSchema = z.object({
  rest: z.object({ requests: z.number(), bytesOut: z.number() }),
  git: z.object({ requests: z.number(), bytesOut: z.number() }),
});

/** What the simulated primary has been asked, and has sent, since it started. */
export interface Traffic {
  readonly requests: number;
  readonly bytes: number;
}

export async function readTraffic(primaryUrl: string): Promise<Traffic> {
  const response = await fetch(`${primaryUrl}/_sim/counters`, { signal: AbortSignal.timeout(5000) });
  const { rest, git } = await readJson(response, countsSchema, 'The simulated Bitbucket');
  return { requests: rest.requests + git.requests, bytes: rest.bytesOut + git.bytesOut };
}

export const since = (before: Traffic, now: Traffic): Traffic => ({
  requests: now.requests - before.requests,
  bytes: now.bytes - before.bytes,
});
