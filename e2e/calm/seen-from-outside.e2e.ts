import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  eventually,
  git,
  makeHistory,
  openScratch,
  runCommand,
  tryGit,
  watchCommandLines,
  type GitCredential,
  type Scratch,
} from '@antipode/testing';
import { sharedHouse, type Neighbourhood } from '../src/neighbourhood.js';
import { SshPerson } from '../src/ssh-person.js';

/** After this long, a line is in the log. */
const WRITTEN_MS = 400;

let here: Neighbourhood;
let as: GitCredential;
let scratch: Scratch;
/** Somebody of whom the mirror keeps more than of others: an account that is linked. */
let walter: SshPerson;

beforeAll(async () => {
  here = await sharedHouse('calm');
  as = here.house.credential('reader');
  scratch = await openScratch();
  walter = await SshPerson.linked(here, 'writer', scratch);
  await walter.untilIn();
}, 240_000);

afterAll(async () => {
  await walter[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

/** Everything that would let somebody in, in each form in which it could be written down. */
async function secrets(): Promise<string[]> {
  const { mirrorToken, tokens, hooks } = await here.sim.state();
  const { mirror, users } = here.house.demo;
  const kept = await readdir(join(here.house.data, 'secrets'));
  const files = await Promise.all(
    kept.map((name) => readFile(join(here.house.data, 'secrets', name), 'utf8')),
  );
  const plain = [
    mirrorToken,
    mirror.adminToken,
    ...users.map(({ apiToken }) => apiToken),
    ...tokens.map(({ secret }) => secret),
    ...hooks.map(({ secret }) => secret ?? ''),
    ...files.map((text) => text.trim()),
    ...(await refreshTokens()),
  ];
  const people = [...users.map(({ username }) => username), 'x-bitbucket-api-token-auth'];
  const forms = [
    ...people.flatMap((name) => users.map(({ apiToken }) => `${name}:${apiToken}`)),
    ...tokens.map(({ secret }) => `x-token-auth:${secret}`),
  ];
  const headers = forms.map((form) => Buffer.from(form).toString('base64'));
  return [...new Set([...plain, ...headers])].filter((secret) => secret.length > 15);
}

/** What links accounts for months; nobody but the primary itself tells it. */
async function refreshTokens(): Promise<string[]> {
  const state = JSON.parse(await readFile(join(here.house.data, 'bitbucket-sim/state.json'), 'utf8')) as {
    oauth: { refreshTokens: { secret: string }[] };
  };
  return state.oauth.refreshTokens.map(({ secret }) => secret);
}

describe('secrets', () => {
  it('are in no log and nowhere on disk but where they are kept', async () => {
    await git(['ls-remote', here.house.url('storefront')], { as });
    await walter.git(['ls-remote', here.house.sshUrl('storefront')]);
    // Refused by nobody, and changing nothing: the permission of a linked account goes all the way.
    await walter.git(['push', '--dry-run', here.house.sshUrl('storefront'), ':refs/heads/none'], {
      cwd: await emptyRepository(),
    });
    expect((await refreshTokens()).length).toBeGreaterThan(0);
    const all = await secrets();
    expect(all.length).toBeGreaterThan(10);
    // Redis keeps its data in memory until it is told to write it.
    await redis(['SAVE']);
    const elsewhere: string[] = [];
    for (const file of await filesBelow(here.house.data)) {
      // Where they live: the launcher's own, the simulated primary's own, the way in for tests, and Redis's own password.
      if (/^(secrets|bitbucket-sim)\/|^demo\.json$|^redis\/redis\.conf$/.test(file)) continue;
      // What people have committed, and compressed: hundreds of megabytes that would tell nothing.
      if (/^repositories\/.*\/pack\/(tmp_pack_\w+|.*\.pack)$/.test(file)) continue;
      const bytes = await readFile(join(here.house.data, file)).catch(() => Buffer.alloc(0));
      // PostgreSQL's files hold what it once wrote, also what was deleted since.
      if (all.some((secret) => bytes.includes(secret))) elsewhere.push(file);
    }
    expect(elsewhere).toEqual([]);
  }, 60_000);

  it('are readable by nobody else, where they are the keys of the SSH door', async () => {
    const folder = join(here.house.data, 'state/ssh-host-keys');
    const names = await readdir(folder);
    expect(names.length).toBeGreaterThanOrEqual(2);
    for (const name of names) expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
  });

  it('are in no command line while clones and syncs run', async () => {
    await using scratch = await openScratch();
    const all = await secrets();
    const path = `${here.house.workspace}/watched`;
    await makeHistory(scratch.file('made'), {
      commits: 60,
      branches: 3,
      tags: 2,
      noise: { bytes: 100_000, every: 4 },
    });
    await here.sim.create(path, 'WEB');
    const watch = watchCommandLines();
    await git(['push', '--quiet', '--mirror', here.house.primaryUrl(path)], {
      cwd: scratch.file('made'),
      as: here.house.credential('owner'),
    });
    await Promise.all([
      here.mirror.untilSynced(path),
      eventually(
        () => git(['clone', '--quiet', here.house.url(path), scratch.file(`clone-${Date.now()}`)], { as }),
        { timeoutMs: 20_000 },
      ),
    ]);
    const seen = watch.stop();

    // Else nobody would have been watched.
    expect(seen.filter((line) => /^git .*(fetch|index-pack|upload-pack)/.test(line))).not.toEqual([]);
    expect(seen.filter((line) => all.some((secret) => line.includes(secret)))).toEqual([]);
  }, 90_000);
});

describe('one request', () => {
  it('is one line in the log, with what an operator asks for', async () => {
    const before = await settledLines('request');
    await tryGit(['ls-remote', here.house.url('storefront')], { as });
    // git asks without its credential first, then with it, then for the refs.
    const lines = await eventually(async () => {
      const added = (await requestLines()).slice(before);
      return added.length >= 3 ? added : undefined;
    });
    expect(lines.map(({ status, route }) => ({ status, route }))).toEqual([
      { status: 401, route: 'info_refs' },
      { status: 200, route: 'info_refs' },
      { status: 200, route: 'upload_pack' },
    ]);
    const { id } = await here.mirror.repository(`${here.house.workspace}/storefront`);
    expect(lines[2]).toMatchObject({
      level: 'info',
      service: 'edge',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      trace_id: expect.stringMatching(/^(?!0{32})[0-9a-f]{32}$/),
      method: 'POST',
      repository_id: id,
      source: 'memory',
      protocol: 2,
      epoch: expect.any(Number),
      bytes_in: expect.any(Number),
      bytes_out: expect.any(Number),
      ms: expect.any(Number),
    });
  });

  it('is one line and one count as well where it comes over SSH, and names no key and no account', async () => {
    const before = await settledLines('command');
    const counted = await sshCommands();
    await walter.git(['ls-remote', here.house.sshUrl('storefront')]);
    const [line, ...more] = await eventually(async () => {
      const added = (await requestLines('command')).slice(before);
      return added.length > 0 ? added : undefined;
    });
    expect(more).toEqual([]);
    const { id } = await here.mirror.repository(`${here.house.workspace}/storefront`);
    expect(line).toMatchObject({
      level: 'info',
      door: 'ssh',
      command: 'git-upload-pack',
      status: 0,
      repository_id: id,
      source: 'memory',
      protocol: 2,
      bytes_out: expect.any(Number),
      ms: expect.any(Number),
    });
    expect(await sshCommands()).toBe(counted + 1);
    const [, blob = 'no key'] = walter.pair.publicKey.split(' ');
    const log = await here.house.log('edge');
    expect([blob, walter.atPrimary.fingerprint].filter((part) => log.includes(part))).toEqual([]);
  });

  /** Those that were answered from memory. */
  async function sshCommands(): Promise<number> {
    const text = await (await fetch(`${here.house.at(10)}/metrics`)).text();
    const line =
      /^antipode_edge_ssh_commands_total\{command="git-upload-pack",source="memory",outcome="ok"[^}]*\} (\d+)$/m;
    return Number(line.exec(text)?.[1] ?? 0);
  }

  it('goes on under its trace in the queue and in git, where it is a webhook', async () => {
    await here.sim.commit(`${here.house.workspace}/storefront`, { files: { 'traced.txt': `${Date.now()}` } });
    const traces = async (service: string, msg: string): Promise<unknown[]> => {
      const lines = (await here.house.log(service)).split('\n').filter((line) => line.startsWith('{'));
      const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      return entries.filter((entry) => entry['msg'] === msg).map((entry) => entry['trace_id']);
    };
    await eventually(
      async () => {
        const webhooks = new Set(await traces('registry', 'webhook'));
        return (await traces('sync', 'sync')).some((id) => webhooks.has(id));
      },
      { timeoutMs: 20_000, everyMs: 250 },
    );
  });
});

describe('metrics and health', () => {
  const OPS = { edge: 10, auth: 11, registry: 12, sync: 13, lfs: 14 };

  it.each(Object.entries(OPS))('has %s say that it is well, and count', async (_name, port) => {
    expect((await fetch(`${here.house.at(port)}/healthz`)).status).toBe(200);
    expect((await fetch(`${here.house.at(port)}/readyz`)).status).toBe(200);
    const metrics = await fetch(`${here.house.at(port)}/metrics`);
    expect(metrics.status).toBe(200);
    expect(await metrics.text()).toMatch(/^# TYPE /m);
  });

  it('has no label that a stranger typed', async () => {
    const word = `typed${Date.now()}`;
    await Promise.all(
      [
        `/${word}/${word}.git/info/refs?service=git-upload-pack`,
        `/acme/${word}.git/info/refs?service=${word}`,
        `/-/${word}`,
        `/${word}`,
      ].map((path) =>
        fetch(here.house.demo.mirror.url + path, { headers: { 'user-agent': word, 'git-protocol': word } }),
      ),
    );
    await tryGit(['ls-remote', here.house.url('storefront')], { as: { username: word, password: word } });
    for (const port of Object.values(OPS)) {
      const text = await (await fetch(`${here.house.at(port)}/metrics`)).text();
      expect(text).not.toContain(word);
    }
  });
});

/** How many there are when all have been written: a service writes its lines several at a time. */
async function settledLines(kind: 'request' | 'command'): Promise<number> {
  await sleep(WRITTEN_MS);
  return (await requestLines(kind)).length;
}

async function requestLines(kind: 'request' | 'command' = 'request'): Promise<Record<string, unknown>[]> {
  const lines = (await here.house.log('edge')).split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === kind);
}

async function emptyRepository(): Promise<string> {
  const path = scratch.file();
  await git(['init', '--quiet', path]);
  return path;
}

async function redis(command: readonly string[]): Promise<string> {
  const password = (await readFile(join(here.house.data, 'secrets/redis-password'), 'utf8')).trim();
  const env = { PATH: process.env['PATH'], REDISCLI_AUTH: password };
  const { code, output } = await runCommand(
    'redis-cli',
    ['-p', String(here.house.portBase + 4), ...command],
    { env },
  );
  if (code !== 0) throw new Error(output);
  return output.trim();
}

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}
