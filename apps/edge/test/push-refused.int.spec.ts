import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { git, tryGit } from '@antipode/testing';
import { ask } from './ask.js';
import { basic, GivenEdge, READER, STRANGER } from './given-edge.js';
import { GivenSsh } from './given-ssh.js';

let edge: GivenEdge;
const reader = { authorization: basic(READER) };

beforeAll(async () => {
  edge = await GivenEdge.open({ settings: { PUSH: 'refuse' } });
  await edge.add('acme/widget');
});
afterAll(async () => edge[Symbol.asyncDispose]());

describe('a push to a mirror that takes none', () => {
  it('is answered with the line that sends pushes to the primary', async () => {
    const work = `${edge.folder}/pusher`;
    await git(['clone', '--quiet', edge.repositoryUrl(), work], { as: READER });
    const { code, stderr } = await tryGit(['push', 'origin', 'HEAD:refs/heads/new'], {
      cwd: work,
      as: READER,
    });
    expect(code).not.toBe(0);
    expect(stderr).toContain(`git remote set-url --push origin ${edge.primary.url}/acme/widget.git`);
    expect(stderr).toContain('remote error');
  });

  it('tells nothing to those who may not read', async () => {
    const { stderr } = await tryGit(['push', edge.repositoryUrl(), '+HEAD:refs/heads/x'], {
      cwd: edge.mirrors.origin(),
      as: STRANGER,
    });
    expect(stderr).not.toContain('set-url');
  });

  it('answers the probe of a chunked push with nothing, and a push itself with the sentence', async () => {
    const headers = { ...reader, 'content-type': 'application/x-git-receive-pack-request' };
    const probe = await ask(edge.url, '/acme/widget.git/git-receive-pack', {
      method: 'POST',
      headers,
      body: '0000',
    });
    expect(probe).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/x-git-receive-pack-result' },
    });
    expect(probe.body).toHaveLength(0);
    const push = await ask(edge.url, '/acme/widget.git/git-receive-pack', {
      method: 'POST',
      headers,
      body: '0005x0000',
    });
    expect(push.status).toBe(403);
    expect(push.body.toString()).toContain('git remote set-url --push');
  });
});

describe('a push over SSH to a mirror that takes none', () => {
  it('is answered with the same line, also to those who may only read', async () => {
    const ssh = new GivenSsh(edge);
    const key = await ssh.known('rita');
    const work = `${edge.folder}/over-ssh`;
    await ssh.git([key], ['clone', '--quiet', ssh.url(), work]);
    const { code, stderr } = await ssh.tryGit([key], ['push', 'origin', 'HEAD:refs/heads/new'], {
      cwd: work,
    });
    expect(code).not.toBe(0);
    expect(stderr).toContain(`git remote set-url --push origin ${edge.primary.url}/acme/widget.git`);
    expect(edge.logs.findLast((line) => line['push'] !== undefined)).toMatchObject({ push: 'refused' });
  });
});
