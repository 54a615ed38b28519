import { expect, it } from '@jest/globals';
import type { BlobStore } from '@antipode/blob-store';
import { AntipodeError, type Code } from '@antipode/errors';
import type { Knowledge, Objects } from '../objects/objects.js';
import type { SelectedRepositories } from '../registry/selected-repositories.js';
import { BringObject } from './bring-object.js';
import type { Claims, Failure } from './claims.js';
import type { FillTurn } from './fill-turn.js';
import { Rests } from './rests.js';

const MEBI = 1024 * 1024;
const object = { oid: 'a'.repeat(64), size: 9e15, attempts: 0 };

/** Tries to bring it where it is refused so, with so much room. @returns how long everybody rests then, and it alone */
async function tried(code: Code, freeBytes: number) {
  const failures: Failure[] = [];
  const claims = { failed: (_: string, failed: Failure[]) => Promise.resolve(void failures.push(...failed)) };
  const blobs = {
    sizeOf: () => Promise.resolve(undefined),
    requireRoom: (bytes: number) =>
      bytes <= freeBytes ? Promise.resolve() : Promise.reject(new AntipodeError('disk_full', 'making room')),
  };
  const bring = new BringObject(
    claims as unknown as Claims,
    { prefetches: () => true } as unknown as SelectedRepositories,
    { bring: () => Promise.reject(new AntipodeError(code, 'bringing')) } as unknown as Objects,
    { sourceOf: () => ({}) } as unknown as Knowledge,
    blobs as unknown as BlobStore,
  );
  const rests = new Rests();
  const turn = { repositoryId: 'one', rests, signal: new AbortController().signal };
  expect(await bring.bring(turn as unknown as FillTurn, object)).toBe(false);
  return { restMs: rests.leftOf('another'), retryInMs: failures[0]?.retryInMs ?? 0 };
}

it('lets everybody rest where the disk is full for all', async () => {
  expect((await tried('disk_full', MEBI)).restMs).toBeGreaterThan(20_000);
});

it('puts off the one that has no room alone where others have', async () => {
  const huge = await tried('disk_full', 1000 * MEBI);
  expect(huge.restMs).toBe(0);
  expect(huge.retryInMs).toBeGreaterThan(40_000);
  const never = await tried('too_large', 1000 * MEBI);
  expect(never.restMs).toBe(0);
  expect(never.retryInMs).toBeGreaterThan(2_000_000);
});
