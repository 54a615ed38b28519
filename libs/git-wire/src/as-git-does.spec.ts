import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { git, openScratch, tryGit, type Scratch } from '@antipode/testing';
import { readAdvertisement, writeAdvertisement } from './advertisement.js';
import { writeCommandRequest } from './command-request.js';
import {
  readLsRefsAnswer,
  readLsRefsRequest,
  writeLsRefsAnswer,
  writeLsRefsArgs,
  type LsRefsRequest,
} from './ls-refs.js';
import type { AdvertisedRef, RefSet } from './refs.js';

const CONFIG = [
  ['uploadpack.allowFilter', 'true'],
  ['uploadpack.allowTipSHA1InWant', 'true'],
  ['uploadpack.hideRefs', 'refs/antipode'],
] as const;

const GIVEN: Record<
  string,
  { format: 'sha1' | 'sha256'; head?: string; detached?: boolean; empty?: boolean }
> = {
  full: { format: 'sha1' },
  'SHA-256': { format: 'sha256' },
  'HEAD unborn': { format: 'sha1', head: 'refs/heads/not-yet' },
  'HEAD detached': { format: 'sha1', detached: true },
  empty: { format: 'sha1', empty: true },
};

let scratch: Scratch;
const sets: Record<string, { path: string; set: RefSet }> = {};

beforeAll(async () => {
  scratch = await openScratch();
  for (const [name, given] of Object.entries(GIVEN)) sets[name] = await make(name, given);
});
afterAll(async () => scratch[Symbol.asyncDispose]());

async function make(
  name: string,
  { format, head = 'refs/heads/main', detached, empty }: (typeof GIVEN)[string],
) {
  const path = scratch.file(name);
  await git(['init', '--quiet', '--bare', `--object-format=${format}`, path]);
  await git(['symbolic-ref', 'HEAD', head], { cwd: path });
  if (empty) return { path, set: { objectFormat: format, headTarget: head, headOid: undefined, refs: [] } };
  await git(['fast-import', '--quiet'], { cwd: path, input: HISTORY });
  for (const ref of ODD_NAMES) await git(['update-ref', ref, 'refs/heads/main'], { cwd: path });
  await git(['update-ref', 'refs/antipode/pins/x', 'refs/heads/main~1'], { cwd: path });
  if (detached) await git(['update-ref', '--no-deref', 'HEAD', 'refs/heads/main~1'], { cwd: path });
  return { path, set: await readSet(path, { format, ...(detached ? {} : { headTarget: head }) }) };
}

const HISTORY = [
  ...[1, 2].map(
    (n) =>
      `commit refs/heads/main\nmark :${n}\ncommitter A <a@b> ${n} +0000\ndata 1\n${n}\n${n > 1 ? 'from :1\n' : ''}M 644 inline f\ndata 1\n${n}\n`,
  ),
  'tag v1\nmark :9\nfrom :2\ntagger A <a@b> 3 +0000\ndata 1\nt\n',
  'tag v1-again\nfrom :9\ntagger A <a@b> 3 +0000\ndata 1\nt\n',
].join('');

const ODD_NAMES = [
  'refs/heads/größe',
  'refs/heads/a/b',
  'refs/heads/a-b',
  'refs/heads/\u{1f600}',
  'refs/heads/\uff5e',
  'refs/notes/x',
  'refs/tags/light',
  'refs/heads/main2',
];

async function readSet(
  cwd: string,
  { format, headTarget }: { format: 'sha1' | 'sha256'; headTarget?: string },
): Promise<RefSet> {
  const refs = new Map<string, AdvertisedRef>();
  for (const line of (await git(['show-ref', '--dereference'], { cwd })).split('\n')) {
    const [oid = '', name = ''] = line.split(' ');
    const tag = name.endsWith('^{}') ? refs.get(name.slice(0, -3)) : undefined;
    if (tag) refs.set(tag.name, { ...tag, peeled: oid });
    else if (!name.startsWith('refs/antipode/')) refs.set(name, { name, oid });
  }
  const head = await tryGit(['rev-parse', '--verify', '--quiet', 'HEAD'], { cwd });
  return {
    objectFormat: format,
    headTarget,
    headOid: head.code === 0 ? head.stdout.trim() : undefined,
    refs: [...refs.values()].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))),
  };
}

async function uploadPack(
  path: string,
  version: number,
  ...args: { readonly input?: Buffer; readonly mode: string }[]
): Promise<string> {
  const [{ input, mode } = { mode: '--stateless-rpc' }] = args;
  const { stdout } = await tryGit(['upload-pack', mode, path], {
    config: [...CONFIG],
    env: version === 0 ? {} : { GIT_PROTOCOL: `version=${version}` },
    ...(input ? { input } : {}),
  });
  return stdout;
}

const REQUESTS: Record<string, LsRefsRequest> = {
  everything: { peel: true, symrefs: true, unborn: true, prefixes: [] },
  plain: { peel: false, symrefs: false, unborn: false, prefixes: [] },
  'what clone asks': {
    peel: true,
    symrefs: true,
    unborn: true,
    prefixes: ['HEAD', 'refs/heads/', 'refs/tags/'],
  },
  'one branch': {
    peel: true,
    symrefs: true,
    unborn: false,
    prefixes: ['refs/heads/main', 'refs/tags/refs/heads/main'],
  },
  'odd prefixes': {
    peel: true,
    symrefs: true,
    unborn: true,
    prefixes: ['refs/heads/a', 'refs/heads/a/b', 'refs/heads/\uff5e', 'nothing', 'HEAD'],
  },
};

describe.each(Object.keys(GIVEN))('a repository that is %s', (name) => {
  it.each(Object.keys(REQUESTS))('answers ls-refs for %s byte for byte as git does', async (which) => {
    const { path, set } = sets[name] as { path: string; set: RefSet };
    const request = REQUESTS[which] as LsRefsRequest;
    const capabilities = new Map([['object-format', set.objectFormat]]);
    const input = writeCommandRequest({ command: 'ls-refs', capabilities, args: writeLsRefsArgs(request) });
    const expected = await uploadPack(path, 2, { input, mode: '--stateless-rpc' });
    const read = readLsRefsRequest({ args: writeLsRefsArgs(request) });
    expect(writeLsRefsAnswer(set, read).toString()).toBe(expected);
    expect(expected.endsWith('0000')).toBe(true);
    expect(readLsRefsAnswer(Buffer.from(expected)).refs.length).toBe(
      expected.split('\n').length - 1 - (expected.includes('unborn') ? 1 : 0),
    );
  });

  it.each([0, 1] as const)(
    'is advertised in version %i byte for byte as git does, but for the agent',
    async (version) => {
      const { path, set } = sets[name] as { path: string; set: RefSet };
      const expected = await uploadPack(path, version, { mode: '--http-backend-info-refs' });
      // Before 2.41 git said nothing at all of an empty repository; gitprotocol-pack(5) wants the capabilities.
      if (set.refs.length === 0 && !expected.includes('capabilities^{}')) return;
      const agent = /agent=(\S+)/.exec(expected)?.[1] ?? '';
      const written = writeAdvertisement(set, { version, agent });
      expect(written.toString()).toBe(expected);
      expect(readAdvertisement(written).refs).toEqual([
        ...(set.headOid ? [expect.objectContaining({ name: 'HEAD', oid: set.headOid })] : []),
        ...set.refs,
      ]);
    },
  );
});
