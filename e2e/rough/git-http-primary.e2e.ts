import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  eventually,
  git,
  localRefs,
  lsRemote,
  makeHistory,
  openScratch,
  startGitHttpBackend,
  tryGit,
  withoutHead,
  type GitCredential,
  type GitHttpBackend,
  type House,
  type Scratch,
} from '@antipode/testing';
import { MirrorApi } from '../src/mirror-api.js';
import { ownHouse } from '../src/neighbourhood.js';
import { startTraceCollector, type CollectedSpan, type TraceCollector } from '../src/trace-collector.js';

const ANN: GitCredential = { username: 'ann', password: 'correct-horse' };
const MIRROR: GitCredential = { username: 'mirror', password: 'the-mirrors-own-token' };
const BEN: GitCredential = { username: 'ben', password: 'battery-staple' };
/** An advertisement or an answer to ls-refs is far smaller, a pack of what is made here far larger. */
const PACK_BYTES = 100_000;

let scratch: Scratch;
let primary: GitHttpBackend;
let collector: TraceCollector;
let house: House;

beforeAll(async () => {
  scratch = await openScratch();
  const shape = { commits: 80, branches: 12, tags: 6, noise: { bytes: 20_000, every: 4 } };
  for (const path of ['open/widget', 'team/sub/deep/widget', 'team/secret']) {
    await makeHistory(scratch.file(`repositories/${path}.git`), shape);
  }
  primary = await startGitHttpBackend({ root: scratch.file('repositories'), admits });
  await writeFile(scratch.file('token'), MIRROR.password);
  collector = await startTraceCollector();
  house = await ownHouse('git-http', {
    args: ['--no-demo', '--primary', `git-http=${primary.url}`, '--on-demand'],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      // The mirror's own account, without which it could only pass private repositories through.
      PRIMARY_TOKEN_FILE: scratch.file('token'),
      PRIMARY_TOKEN_USERNAME: MIRROR.username,
    },
  });
}, 240_000);

afterAll(async () => {
  await house?.stop();
  await collector?.[Symbol.asyncDispose]();
  await primary?.[Symbol.asyncDispose]();
  await scratch?.[Symbol.asyncDispose]();
});

/** `open/…` is for everybody, the rest for Ann and the mirror; Ben has an account, and no rights. */
function admits(who: GitCredential | undefined, path: string): boolean {
  const isAnyOf = (...people: readonly GitCredential[]): boolean =>
    people.some(({ username, password }) => who?.username === username && who.password === password);
  return path.startsWith('/open/') ? who === undefined || isAnyOf(ANN, BEN, MIRROR) : isAnyOf(ANN, MIRROR);
}

const packsSent = (): number => primary.requests.filter(({ bytes }) => bytes > PACK_BYTES).length;

describe('in front of a host that knows git and nothing else', () => {
  it.each([
    ['open/widget', undefined],
    ['team/sub/deep/widget', ANN],
  ] as const)('learns %s from the first clone, and serves the next from its own disk', async (path, as) => {
    const url = `${house.demo.mirror.url}/${path}.git`;
    await git(['clone', '--quiet', '--mirror', url, scratch.file(`${path}-first`)], { as });

    await eventually(
      async () => {
        const before = packsSent();
        const to = scratch.file(`${path}-${Date.now()}`);
        await git(['clone', '--quiet', '--mirror', url, to], { as });
        await git(['fsck', '--strict', '--no-progress'], { cwd: to });
        expect(await localRefs(to)).toEqual(await localRefs(scratch.file(`repositories/${path}.git`)));
        expect(packsSent()).toBe(before);
        return true;
      },
      { timeoutMs: 30_000, everyMs: 500 },
    );
  });

  it('sees what is pushed to it, without webhook or listing', async () => {
    const path = 'team/sub/deep/widget';
    const bare = scratch.file(`repositories/${path}.git`);
    const oid = await git(['commit-tree', '-p', 'main', '-m', 'Later', 'main^{tree}'], { cwd: bare });
    await git(['update-ref', 'refs/heads/main', oid], { cwd: bare });
    const url = `${house.demo.mirror.url}/${path}.git`;
    await eventually(async () => (await lsRemote(url, { as: ANN }))['refs/heads/main'] === oid, {
      timeoutMs: 7000,
      everyMs: 200,
    });
    expect(withoutHead(await lsRemote(url, { as: ANN }))).toEqual(await localRefs(bare));
  });

  it('leaves the rights to it', async () => {
    const url = `${house.demo.mirror.url}/team/sub/deep/widget.git`;
    for (const as of [undefined, BEN, { ...ANN, password: 'wrong' }]) {
      const { code, stdout } = await tryGit(['ls-remote', url], { as });
      expect({ failed: code !== 0, stdout }).toEqual({ failed: true, stdout: '' });
    }
  });

  it('tells nobody whether a repository exists that they may not read', async () => {
    const said = async (path: string, as: GitCredential | undefined): Promise<string> =>
      (await tryGit(['ls-remote', `${house.demo.mirror.url}/${path}`], { as })).stderr.replaceAll(path, '…');
    for (const as of [undefined, BEN]) {
      expect(await said('team/secret.git', as)).toBe(await said('team/sicret.git', as));
    }
  });

  it('learns nothing from somebody who may not read', async () => {
    await tryGit(['ls-remote', `${house.demo.mirror.url}/team/secret.git`], { as: BEN });
    await tryGit(['ls-remote', `${house.demo.mirror.url}/team/nothing-there.git`], { as: ANN });
    const mirrored = await mirroredPaths();
    expect(mirrored).not.toContain('team/secret');
    expect(mirrored).not.toContain('team/nothing-there');
  });
});

describe('traces', () => {
  /** Waits for one trace that has all these spans. */
  const untilTraced = (wanted: readonly [service: string, name: RegExp][]): Promise<true> =>
    eventually(
      () => {
        const traces = Map.groupBy(collector.spans, ({ traceId }) => traceId).values();
        const isWhole = (spans: readonly CollectedSpan[]): boolean =>
          wanted.every(([service, name]) =>
            spans.some((span) => span.service === `antipode-${service}` && name.test(span.name)),
          );
        return [...traces].some(isWhole) ? true : undefined;
      },
      { timeoutMs: 20_000, everyMs: 250 },
    );

  it('run from the door to whoever decides', () =>
    untilTraced([
      ['edge', /info_refs/],
      ['auth', /Authorize/],
    ]));

  it('run from the door through sync to git', async () => {
    const bare = scratch.file('repositories/open/widget.git');
    const url = `${house.demo.mirror.url}/open/widget.git`;
    const oid = await git(['commit-tree', '-p', 'main', '-m', 'Traced', 'main^{tree}'], { cwd: bare });
    await git(['update-ref', 'refs/heads/main', oid], { cwd: bare });
    await eventually(async () => (await lsRemote(url))['refs/heads/main'] === oid, {
      timeoutMs: 10_000,
      everyMs: 200,
    });
    await untilTraced([
      ['edge', /info_refs|upload_pack/],
      ['sync', /EnsureFresh/],
      ['sync', /^git /],
    ]);
  });
});

async function mirroredPaths(): Promise<string[]> {
  const mirror = new MirrorApi(house.demo.mirror.url, house.demo.mirror.adminToken);
  return (await mirror.repositories()).map(({ path }) => path);
}
