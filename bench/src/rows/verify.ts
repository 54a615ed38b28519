import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import type { GitCredential } from '@antipode/testing';
import { gitSettings } from '../git-settings.js';
import { run } from '../processes/run.js';
import type { Subject } from '../subject.js';
import type { Site } from './site.js';

/**
 * Both servers must tell the same refs in the same order, or there is nothing to compare.
 *
 * @throws Error where they differ.
 */
export async function verifyRefs(site: Site, path: string): Promise<number> {
  const lists = await Promise.all(
    [site.subjects.baseline, site.subjects.mirror].map(({ origin, credential }) =>
      lsRemote(origin, credential, path),
    ),
  );
  if (lists[0] !== lists[1]) throw new Error(`baseline and mirror show different refs of ${path}`);
  return (lists[0] ?? '').trim().split('\n').length;
}

/** Clones once by git and holds every object and every ref against the primary. @throws Error where something lacks */
export async function verifyClone(site: Site, subject: Subject): Promise<void> {
  const { path } = site.large;
  const target = join(site.scratch, 'verified');
  await rm(target, { recursive: true, force: true });
  await patiently(() =>
    run('git', ['clone', '--quiet', '--mirror', `${subject.origin}/${path}.git`, target], {
      env: gitSettings(subject.credential),
    }),
  );
  await run('git', ['-C', target, 'fsck', '--connectivity-only', '--no-dangling']);
  const cloned = await run('git', ['-C', target, 'for-each-ref', '--format=%(objectname) %(refname)']);
  const wanted = await site.house.primaryRefs(path);
  const lines = Object.entries(wanted).map(([name, oid]) => `${oid} ${name}`);
  if (cloned.trim().split('\n').sort().join() !== lines.sort().join()) {
    throw new Error(`a clone of ${path} has other refs than the primary`);
  }
  await rm(target, { recursive: true });
}

/** A full house asks who comes late to come again (503 with Retry-After), and so does this. */
async function patiently(clone: () => Promise<string>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return void (await clone());
    } catch (error) {
      if (tries === MOST_TRIES || !String(error).includes('503')) throw error;
      await sleep(5000);
    }
  }
}

const MOST_TRIES = 10;

const lsRemote = (origin: string, credential: GitCredential, path: string): Promise<string> =>
  run('git', ['ls-remote', `${origin}/${path}.git`], { env: gitSettings(credential) });
