import type { SimApi } from '@antipode/testing';

/** What the primary has sent so far: bodies of git and REST answers, counted by the primary itself. */
export interface Traffic {
  readonly bytes: number;
  readonly requests: number;
}

export async function primaryTraffic(sim: SimApi): Promise<Traffic> {
  const { git, rest } = await sim.counters();
  return { bytes: git.bytesOut + rest.bytesOut, requests: git.requests + rest.requests };
}

export const trafficBetween = (before: Traffic, after: Traffic): Traffic => ({
  bytes: after.bytes - before.bytes,
  requests: after.requests - before.requests,
});
