import { gitSettings } from '../git-settings.js';
import { trafficBetween, type Traffic } from '../house/primary-traffic.js';
import { run } from '../processes/run.js';
import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import type { Site } from './site.js';

const CLONES = 100;

export interface WanResult {
  readonly clones: number;
  /** From the primary: all of them by hand, and through the mirror with its own first clone. */
  readonly withoutBytes: number;
  readonly withBytes: number;
  readonly firstSyncBytes: number;
  /** What the mirror asked the primary for per clone that it answered: rights and freshness. */
  readonly perCloneBytes: number;
  readonly perCloneRequests: number;
  /** Clones during which that was counted. */
  readonly counted: number;
  readonly ratio: number;
}

/**
 * Bytes that cross the ocean for a hundred full clones.
 *
 * @param firstSync what the mirror fetched to have the repository.
 * @param during what was fetched while it answered `counted` clones.
 */
export async function wanResult(
  site: Site,
  { firstSync, during, counted }: { firstSync: Traffic; during: Traffic; counted: number },
): Promise<WanResult> {
  const before = await site.house.traffic();
  const target = join(site.scratch, 'direct');
  await run(
    'git',
    ['clone', '--quiet', '--bare', `${site.house.primaryOrigin}/${site.large.path}.git`, target],
    {
      env: gitSettings(site.subjects.mirror.credential),
    },
  );
  await rm(target, { recursive: true });
  const direct = trafficBetween(before, await site.house.traffic());
  const perCloneBytes = during.bytes / counted;
  const withBytes = firstSync.bytes + CLONES * perCloneBytes;
  return {
    clones: CLONES,
    withoutBytes: CLONES * direct.bytes,
    withBytes,
    firstSyncBytes: firstSync.bytes,
    perCloneBytes,
    perCloneRequests: during.requests / counted,
    counted,
    ratio: (CLONES * direct.bytes) / withBytes,
  };
}
