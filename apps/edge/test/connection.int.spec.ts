import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, git } from '@antipode/testing';
import { TABLE, type OpenTable } from '../src/edge.module.js';
import { ask, INFO_REFS, type Heard } from './ask.js';
import { basic, GivenEdge, READER, STRANGER, WRITER } from './given-edge.js';
import { GivenSsh, type GivenKey } from './given-ssh.js';

let edge: GivenEdge;
let ssh: GivenSsh;
let ann: GivenKey;
let stranger: GivenKey;
/** What others hear while nobody has told of a connection. */
let before: unknown[];

beforeAll(async () => {
  edge = await GivenEdge.open({ public: ['acme/open'] });
  // Here, so that the primary's yes may be remembered from before.
  await edge.add('acme/widget');
  for (const path of ['acme/unselected', 'acme/open', 'globex/engine']) await edge.mirrors.create(path);
  await git(['config', 'http.receivepack', 'true'], { cwd: edge.mirrors.origin('acme/unselected') });
  ssh = new GivenSsh(edge);
  ann = await ssh.known('ann', { authorization: basic(WRITER) });
  stranger = await ssh.known('stranger', { authorization: basic(STRANGER) });
  before = await heardByOthers();
});
afterAll(() => edge[Symbol.asyncDispose]());

const WRITE = '/info/refs?service=git-receive-pack';
const reader = { authorization: basic(READER) };
const writer = { authorization: basic(WRITER) };

async function tell(connected: boolean, workspace: string): Promise<void> {
  edge.neighbours.tellConnection({ connected, workspace });
  const { table } = edge.app.get<OpenTable>(TABLE);
  await eventually(
    () => table.connection?.connected === connected && table.connection.workspace === workspace,
  );
}

const shape = ({ status, rawHeaders, body }: Heard): unknown => ({
  status,
  headers: rawHeaders.map((text, i) => (rawHeaders[i - 1] === 'Date' ? '' : text)),
  body: body.toString().replace(/"request_id":"[^"]*"/, ''),
});

const batch = {
  method: 'POST',
  body: JSON.stringify({ operation: 'download', objects: [{ oid: 'a'.repeat(64), size: 1 }] }),
} as const;
const LFS = { accept: 'application/vnd.git-lfs+json', 'content-type': 'application/vnd.git-lfs+json' };

/** Everything that those hear who are no members, and members of what is none of their workspace's. */
async function heardByOthers(): Promise<unknown[]> {
  const asked: [string, Readonly<Record<string, string>>][] = [
    ['acme/unselected', {}],
    ['acme/unselected', { authorization: basic(STRANGER) }],
    ['acme/unselected', { authorization: basic({ ...READER, password: 'wrong' }) }],
    ['acme/missing', reader],
    ['acme/open', {}],
    ['acme/open', reader],
    ['acme/open', { authorization: basic(STRANGER) }],
    ['globex/engine', reader],
  ];
  const answers: unknown[] = [];
  for (const [path, headers] of asked) {
    for (const service of [INFO_REFS, WRITE])
      answers.push(shape(await ask(edge.url, `/${path}.git${service}`, { headers })));
    const lfs = { ...batch, headers: { ...LFS, ...headers } };
    answers.push(shape(await ask(edge.url, `/${path}.git/info/lfs/objects/batch`, lfs)));
  }
  // A reader may not push, whatever else is the case.
  answers.push(shape(await ask(edge.url, `/acme/unselected.git${WRITE}`, { headers: reader })));
  const { code, stderr } = await ssh.tryGit([stranger], ['ls-remote', ssh.url('acme/unselected.git')]);
  return [...answers, { code, stderr }];
}

describe.each([
  {
    where: 'a mirror that is no longer connected',
    connected: false,
    says: 'This mirror is no longer connected to acme. Clone from',
  },
  {
    where: 'a mirror that does not mirror a project',
    connected: true,
    says: 'acme/unselected is not mirrored here (its project is not selected, or it is very new). Clone from',
  },
])('$where', ({ connected, says }) => {
  const url = () => `${edge.primary.url}/acme/unselected.git`;
  const sentence = () => `${says} ${url()}, or ask the mirror's administrator.`;

  beforeAll(() => tell(connected, 'acme'));

  it('tells a member who fetches, and what to use instead', async () => {
    const answer = await ask(edge.url, `/acme/unselected.git${INFO_REFS}`, { headers: reader });
    expect([answer.status, answer.body.toString()]).toEqual([404, `${sentence()}\n`]);
  });

  it('tells a member who pushes', async () => {
    const answer = await ask(edge.url, `/acme/unselected.git${WRITE}`, { headers: writer });
    expect([answer.status, answer.body.toString()]).toEqual([403, `${sentence()}\n`]);
  });

  it('tells a member who uses LFS, in its JSON', async () => {
    const path = '/acme/unselected.git/info/lfs/objects/batch';
    const answer = await ask(edge.url, path, { ...batch, headers: { ...LFS, ...reader } });
    expect([answer.status, JSON.parse(answer.body.toString())]).toMatchObject([404, { message: sentence() }]);
    const upload = { ...batch, body: batch.body.replace('download', 'upload') };
    const refused = await ask(edge.url, path, { ...upload, headers: { ...LFS, ...writer } });
    expect(JSON.parse(refused.body.toString())).toMatchObject({ message: sentence() });
  });

  it('tells a member over SSH', async () => {
    const fetched = await ssh.tryGit([ann], ['ls-remote', ssh.url('acme/unselected.git')]);
    const told = `${says} ssh://git@bitbucket.org/acme/unselected.git, or ask the mirror's administrator.`;
    expect(fetched.stderr).toContain(told);
    const pushed = await ssh.tryGit([ann], ['push', ssh.url('acme/unselected.git'), 'HEAD:x'], {
      cwd: edge.mirrors.origin(),
    });
    expect(pushed.stderr).toContain(told);
  });

  it('tells everybody else, byte for byte, what they heard before', async () => {
    expect(await heardByOthers()).toEqual(before);
  });

  it('asks the primary only once in a while whether a repository is private', async () => {
    const asked = edge.neighbours.asked.authorize;
    for (let i = 0; i < 3; i += 1)
      await ask(edge.url, `/acme/unselected.git${INFO_REFS}`, { headers: reader });
    expect(edge.neighbours.asked.authorize).toBe(asked);
  });
});
