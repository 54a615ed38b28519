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
import { MirrorApi } from './src/mirror-api.js';
import { ownHouse } from './src/neighbourhood.js';
import { startTraceCollector, type TraceCollector } from './src/trace-collector.js';

const ANN: GitCredential = { username: 'ann', password: 'correct-horse' };
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
  for (const path of ['open/widget', 'team/sub/deep/widget', 'team/secret', 'open/traced']) {
    await makeHistory(scratch.file(`repositories/${path}.git`), shape);
  }
  primary = await startGitHttpBackend({ root: scratch.file('repositories'), admits });
  collector = await startTraceCollector();
  house = await ownHouse('git-http', {
    args: ['--no-demo', '--primary', `git-http=${primary.url}`, '--on-demand'],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  });
}, 240_000);

afterAll(async () => {
  await house?.stop();
  await collector?.[Symbol.asyncDispose]();
  await primary?.[Symbol.asyncDispose]();
  await scratch?.[Symbol.asyncDispose]();
});

/** `open/…` is for everybody, the rest for Ann; Ben has an account, and no rights. */
function admits(who: GitCredential | undefined, path: string): boolean {
  if (path.startsWith('/open/')) return who === undefined || who.username === 'ann' || who.username === 'ben';
  return who?.username === ANN.username && who.password === ANN.password;
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

it('leaves one trace that runs from the door through the other services to git', async () => {
  await git(['ls-remote', `${house.demo.mirror.url}/open/traced.git`]);
  await eventually(
    () => {
      const byTrace = Map.groupBy(collector.spans, ({ traceId }) => traceId);
      return [...byTrace.values()].some((spans) => {
        const has = (service: string, name: RegExp): boolean =>
          spans.some((span) => span.service === `antipode-${service}` && name.test(span.name));
        return (
          has('edge', /info_refs/) &&
          has('auth', /Authorize/) &&
          has('registry', /Learn/) &&
          has('sync', /^git /)
        );
      });
    },
    { timeoutMs: 30_000, everyMs: 250 },
  );
});

async function mirroredPaths(): Promise<string[]> {
  const mirror = new MirrorApi(house.demo.mirror.url, house.demo.mirror.adminToken);
  return (await mirror.repositories()).map(({ path }) => path);
}
