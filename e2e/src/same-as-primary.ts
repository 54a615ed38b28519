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

/** More than questions after refs take, less than the pack of any repository whose clones are watched. */
const PACK_BYTES = 200_000;

/**
 * Runs `during` and proves that the primary sent no pack of this repository meanwhile: what was answered came from the
 * mirror's disk. Questions after refs are allowed, since the freshness policy asks them.
 */
export async function fromOurDisk<T>(
  { sim }: Neighbourhood,
  path: string,
  during: () => Promise<T>,
): Promise<T> {
  const sent = async (): Promise<number> => {
    const { git: counted } = await sim.counters();
    return counted.repositories[path]?.['upload-pack']?.bytesOut ?? 0;
  };
  const before = await sent();
  const result = await during();
  expect((await sent()) - before).toBeLessThan(PACK_BYTES);
  return result;
}
