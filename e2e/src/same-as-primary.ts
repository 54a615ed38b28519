import { expect } from '@jest/globals';
import {
  eventually,
  git,
  localRefs,
  lsRemote,
  withoutHead,
  type GitOptions,
  type Refs,
} from '@antipode/testing';
import type { Neighbourhood } from './neighbourhood.js';

/** Waits until the mirror names exactly the primary's refs, HEAD included. @returns them */
export async function untilEqual({ house }: Neighbourhood, path: string, timeoutMs = 15_000): Promise<Refs> {
  const as = house.credential('owner');
  return eventually(
    async () => {
      const [ours, theirs] = await Promise.all([
        lsRemote(house.url(path), { as }),
        primaryRefs({ house }, path),
      ]);
      expect(ours).toEqual(theirs);
      return ours;
    },
    { timeoutMs, everyMs: 200 },
  );
}

/** What the primary itself says, by v0: the question then is no upload-pack request, and disturbs no count. */
export function primaryRefs({ house }: Pick<Neighbourhood, 'house'>, path: string): Promise<Refs> {
  return lsRemote(house.primaryUrl(path), { as: house.credential('owner'), protocol: 0 });
}

/** Clones everything through the mirror and checks every object and every ref against the primary. */
export async function cloneAndCompare(
  { house }: Neighbourhood,
  path: string,
  { to, ...options }: GitOptions & { to: string },
): Promise<void> {
  const as = house.credential('owner');
  await git(['clone', '--quiet', '--mirror', house.url(path), to], { as, timeoutMs: 120_000, ...options });
  await git(['fsck', '--strict', '--no-progress'], { cwd: to, timeoutMs: 120_000 });
  expect(await localRefs(to)).toEqual(withoutHead(await primaryRefs({ house }, path)));
}

/**
 * Runs `during` and proves that the primary sent no pack of this repository meanwhile: what was answered came from the
 * mirror's disk. Questions after refs are allowed, since the freshness policy asks them.
 */
export async function fromOurDisk<T>(
  { sim }: Neighbourhood,
  path: string,
  during: () => Promise<T>,
): Promise<T> {
  const packs = async (): Promise<{ fetches: number; others: number }> => {
    const { git: counted } = await sim.counters();
    const requests = counted.repositories[path]?.['upload-pack']?.requests ?? 0;
    const fetches = counted.commands['fetch'] ?? 0;
    // v0 and v1 name no command, so they are what the named ones leave over.
    return { fetches, others: Math.max(0, requests - fetches - (counted.commands['ls-refs'] ?? 0)) };
  };
  await sim.resetCounters();
  const result = await during();
  expect(await packs()).toEqual({ fetches: 0, others: 0 });
  return result;
}
