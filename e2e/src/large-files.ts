import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import {
  eventually,
  git,
  tryGit,
  type GitCredential,
  type GitOptions,
  type GitResult,
  type Scratch,
} from '@antipode/testing';
import type { Neighbourhood } from './neighbourhood.js';
import { basic } from './raw-request.js';
import type { SshPerson } from './ssh-person.js';

/** Somebody who speaks git to one remote: over HTTPS with a credential, over SSH with a key. */
export interface Speaker {
  readonly url: (path: string) => string;
  readonly options: (options: GitOptions) => GitOptions;
}

export const overHttps = ({ house }: Neighbourhood, as: GitCredential): Speaker => ({
  url: (path) => house.url(path),
  options: (options) => ({ as, ...options }),
});

export const overSshAs = ({ house }: Neighbourhood, person: SshPerson): Speaker => ({
  url: (path) => house.sshUrl(path),
  options: (options) => person.withIdentity(options),
});

/** A desk with git-lfs, as `git lfs install` leaves it, and one clone on it. */
export class LfsDesk {
  private constructor(
    readonly cwd: string,
    private readonly speaker: Speaker,
    private readonly hooks: string,
  ) {}

  /** @throws Error with what git said where the clone fails, large files included. */
  static async clone(
    scratch: Scratch,
    speaker: Speaker,
    path: string,
    { env, args = [] }: { env?: Readonly<Record<string, string>>; args?: readonly string[] } = {},
  ): Promise<LfsDesk> {
    const hooks = await installHooks(scratch);
    const desk = new LfsDesk(scratch.file(), speaker, hooks);
    const options = { ...(env ? { env } : {}), timeoutMs: 120_000 };
    await git(
      ['clone', '--quiet', ...args, speaker.url(path), desk.cwd],
      desk.with({ ...options, cwd: scratch.path }),
    );
    return desk;
  }

  git(args: readonly string[], options: GitOptions = {}): Promise<string> {
    return git(args, this.with(options));
  }

  tryGit(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
    return tryGit(args, this.with(options));
  }

  /** Commits files to the branch that is checked out; those of `*.bin` are large. @returns the commit's oid */
  async commit(files: Readonly<Record<string, string>>): Promise<string> {
    for (const [name, text] of Object.entries(files)) await writeFile(join(this.cwd, name), text);
    await writeFile(join(this.cwd, '.gitattributes'), '*.bin filter=lfs diff=lfs merge=lfs -text\n');
    await this.git(['add', '--all']);
    await this.git(['commit', '--quiet', '--allow-empty', '--message', Object.keys(files).join()]);
    return this.git(['rev-parse', 'HEAD']);
  }

  read(name: string): Promise<string> {
    return readFile(join(this.cwd, name), 'utf8');
  }

  private with(options: GitOptions): GitOptions {
    return this.speaker.options({
      cwd: this.cwd,
      ...options,
      config: [
        ['filter.lfs.process', 'git-lfs filter-process'],
        ['filter.lfs.smudge', 'git-lfs smudge -- %f'],
        ['filter.lfs.clean', 'git-lfs clean -- %f'],
        ['filter.lfs.required', 'true'],
        ['core.hooksPath', this.hooks],
        ...(options.config ?? []),
      ],
    });
  }
}

/** What `git lfs install` puts into a repository: objects are pushed before the commits that need them. */
async function installHooks(scratch: Scratch): Promise<string> {
  const folder = scratch.file('hooks');
  const hook = join(folder, 'pre-push');
  await mkdir(folder, { recursive: true });
  await writeFile(hook, '#!/bin/sh\nexec git lfs pre-push "$@"\n');
  await chmod(hook, 0o755);
  return folder;
}

export const oidOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Waits until the mirror's disk has all large files of a repository, and at least so many. */
export async function untilFilled(
  { mirror }: Neighbourhood,
  path: string,
  objects: number,
  timeoutMs = 20_000,
): Promise<void> {
  await eventually(
    async () => {
      const { lfs } = await mirror.repository(path);
      expect(lfs).toMatchObject({ missing: 0 });
      expect(lfs.objects).toBeGreaterThanOrEqual(objects);
      return true;
    },
    { timeoutMs, everyMs: 150 },
  );
}

/** Runs `during` and proves that the primary was asked for no large file meanwhile: neither a link, nor a byte. */
export async function withoutThePrimary<T>({ sim }: Neighbourhood, during: () => Promise<T>): Promise<T> {
  const asked = async (): Promise<unknown> => {
    const { batches, media } = (await sim.counters()).lfs;
    return { batches: batches.download, media: media.requests };
  };
  const before = await asked();
  const result = await during();
  expect(await asked()).toEqual(before);
  return result;
}

export const objectOf = (text: string): { oid: string; size: number } => ({
  oid: oidOf(text),
  size: Buffer.byteLength(text),
});

/** One object of a batch's answer, as far as the tests look. */
export interface AnsweredObject {
  readonly oid: string;
  readonly size: number;
  readonly actions?: Readonly<Record<string, { href: string; header?: Record<string, string> }>>;
  readonly error?: { readonly code: number; readonly message: string };
}

/** The mirror's batch API without git-lfs, which would ask nothing that it should not. */
export async function askBatch(
  { house }: Neighbourhood,
  path: string,
  who: GitCredential | undefined,
  objects: readonly { oid: string; size: number }[],
  operation: 'download' | 'upload' = 'download',
): Promise<{ status: number; objects: readonly AnsweredObject[] }> {
  const answer = await fetch(`${house.url(path)}/info/lfs/objects/batch`, {
    method: 'POST',
    headers: {
      accept: 'application/vnd.git-lfs+json',
      'content-type': 'application/vnd.git-lfs+json',
      ...(who ? { authorization: basic(who.username, who.password) } : {}),
    },
    body: JSON.stringify({ operation, transfers: ['basic'], objects }),
  });
  const body = (await answer.json()) as { objects?: AnsweredObject[] };
  return { status: answer.status, objects: body.objects ?? [] };
}

/** Makes contents and names those of this try: a mirror keeps what an earlier one has brought. */
export const THIS_TRY = Date.now().toString(36);

/** Of a repository that no earlier try has had: one that is removed is listed until the mirror has heard of it. */
export const freshPath = ({ house }: Neighbourhood, slug: string): string =>
  `${house.workspace}/${slug}-${THIS_TRY}`;
