import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AntipodeError } from '@antipode/errors';
import { git, tryGit } from '@antipode/testing';
import { ask, INFO_REFS } from './ask.js';
import { basic, GivenEdge, READER, STRANGER } from './given-edge.js';

let edge: GivenEdge;

beforeAll(async () => {
  edge = await GivenEdge.open({ public: ['acme/open'] });
  await edge.add('acme/widget');
  await edge.add('acme/open');
  await edge.mirrors.create('acme/unselected');
});
afterAll(async () => edge[Symbol.asyncDispose]());

const reader = { authorization: basic(READER) };
const stranger = { authorization: basic(STRANGER) };
const shape = ({ status, headers, body }: Awaited<ReturnType<typeof ask>>) => ({
  status,
  headers: { ...headers, date: '' },
  body: body.toString(),
});

describe('who may read what', () => {
  it('is one and the same 401 for callers without a credential, whatever they name', async () => {
    const asked = edge.neighbours.asked.authorize;
    const answers = await Promise.all(
      ['acme/widget', 'acme/unselected', 'acme/missing', 'no-such/thing', '-x-/..'].map((path) =>
        ask(edge.url, `/${path}.git${INFO_REFS}`),
      ),
    );
    for (const answer of answers) expect(shape(answer)).toEqual(shape(answers[0] as (typeof answers)[0]));
    expect(answers[0]).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': expect.stringMatching(/^Basic realm="/) },
    });
    expect(edge.neighbours.asked.authorize).toBe(asked);
  });

  it('is one and the same 404 for what is hidden, not selected, missing or impossible', async () => {
    const answers = [
      await ask(edge.url, `/acme/widget.git${INFO_REFS}`, { headers: stranger }),
      await ask(edge.url, `/acme/unselected.git${INFO_REFS}`, { headers: reader }),
      await ask(edge.url, `/acme/unselected.git${INFO_REFS}`, { headers: stranger }),
      await ask(edge.url, `/acme/missing.git${INFO_REFS}`, { headers: reader }),
      await ask(edge.url, `/acme/..${INFO_REFS}`, { headers: reader }),
      await ask(edge.url, `/antipode/x.git${INFO_REFS}`, { headers: reader }),
      await ask(edge.url, `/acme/.git${INFO_REFS}`, { headers: reader }),
    ];
    for (const answer of answers) expect(shape(answer)).toEqual(shape(answers[0] as (typeof answers)[0]));
    expect(answers[0]?.status).toBe(404);
    expect(answers[0]?.body.toString()).toContain('either does not exist or you do not have access');
    // To whoever wants to push the primary says the same with 403.
    const push = '/info/refs?service=git-receive-pack';
    for (const path of ['/acme/widget.git', '/acme/missing.git'])
      expect(shape(await ask(edge.url, path + push, { headers: stranger }))).toEqual({
        ...shape(answers[0] as (typeof answers)[0]),
        status: 403,
      });
  });

  it('asks about unknown paths as about known ones', async () => {
    const asked = edge.neighbours.asked.authorize;
    await ask(edge.url, `/acme/unheard-of.git${INFO_REFS}`, { headers: stranger });
    expect(edge.neighbours.asked.authorize).toBe(asked + 1);
  });

  it('lets anybody clone what is public', async () => {
    await git(['clone', '--quiet', edge.repositoryUrl('acme/open'), `${edge.folder}/open`]);
  });

  it.each(['acme/widget', 'acme/widget/', 'acme/widget.git/', 'Acme/Widget.git', '%61cme/w%69dget.git'])(
    'finds the repository by %s',
    async (path) => {
      const refs = await git(['ls-remote', `${edge.url}/${path}`, 'HEAD'], { as: READER });
      expect(refs).toContain('HEAD');
    },
  );

  it('remembers a yes and never a no', async () => {
    const asked = edge.neighbours.asked.authorize;
    for (let i = 0; i < 3; i += 1) await ask(edge.url, `/acme/widget.git${INFO_REFS}`, { headers: reader });
    expect(edge.neighbours.asked.authorize - asked).toBeLessThanOrEqual(1);
    for (let i = 0; i < 3; i += 1) await ask(edge.url, `/acme/widget.git${INFO_REFS}`, { headers: stranger });
    expect(edge.neighbours.asked.authorize - asked).toBeGreaterThanOrEqual(3);
  });

  it.each([
    ['denied', 403, 'enable two-step verification'],
    ['too_many_failures', 429, 'Too many'],
    ['primary_unavailable', 503, 'cannot be reached'],
    ['service_unavailable', 503, 'cannot be reached'],
    ['internal', 500, 'Something went wrong'],
  ] as const)('says %s as %i with a sentence that git shows', async (code, status, sentence) => {
    const hints = {
      denied: 'To access this repository, enable two-step verification.',
      too_many_failures: 'Too many failures. Wait a minute.',
    };
    const hint = code in hints ? { hint: hints[code as keyof typeof hints] } : {};
    edge.neighbours.failing.authorize = new AntipodeError(code, 'failing on request', {}, hint);
    try {
      const answer = await ask(edge.url, `/acme/fresh-question.git${INFO_REFS}`, { headers: stranger });
      expect(answer.status).toBe(status);
      expect(answer.body.toString()).toContain(sentence);
      if (status === 429 || code === 'primary_unavailable')
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      const { stderr } = await tryGit(['ls-remote', `${edge.url}/acme/fresh-question.git`], { as: STRANGER });
      expect(stderr).toContain(`remote: `);
      expect(stderr).toContain(sentence);
    } finally {
      delete edge.neighbours.failing.authorize;
    }
  });
});

describe('headers', () => {
  it('on git’s routes are those of git http-backend and nothing more', async () => {
    const theirs = await fetch(`${edge.primary.url}/acme/widget.git${INFO_REFS}`, { headers: reader });
    const expected = [...theirs.headers.keys()].filter(
      (name) => !['connection', 'keep-alive', 'transfer-encoding', 'content-length'].includes(name),
    );
    for (const path of ['/acme/widget.git', '/acme/missing.git']) {
      const { rawHeaders } = await ask(edge.url, `${path}${INFO_REFS}`, {
        headers: { ...reader, connection: 'keep-alive' },
      });
      const names = rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
      expect(names.filter((name) => name !== 'content-length').sort()).toEqual(expected.sort());
    }
    for (const name of ['expires', 'pragma', 'cache-control', 'content-type']) {
      const ours = await ask(edge.url, `/acme/widget.git${INFO_REFS}`, { headers: reader });
      expect(ours.headers[name]).toBe(theirs.headers.get(name));
    }
  });
});

describe('the log', () => {
  it('has one line per request, without a credential or a stranger’s path', async () => {
    const before = edge.logs.length;
    await ask(edge.url, `/acme/secret-name-of-a-stranger.git${INFO_REFS}`, { headers: stranger });
    await ask(edge.url, `/acme/widget.git${INFO_REFS}`, {
      headers: { ...reader, 'git-protocol': 'version=2' },
    });
    const lines = edge.logs.slice(before);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatchObject({
      method: 'GET',
      route: 'info_refs',
      status: 200,
      source: 'memory',
      protocol: 2,
      epoch: expect.any(Number),
      principal: 'somebody-kno',
    });
    expect(Number(lines[1]?.['bytes_out'])).toBeGreaterThan(100);
    const text = JSON.stringify(lines);
    for (const secret of ['secret-name', READER.password, STRANGER.password, basic(READER), 'widget'])
      expect(text).not.toContain(secret);
  });
});
