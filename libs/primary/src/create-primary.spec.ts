import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { createPrimary } from './create-primary.js';
import { readConnectionCredential } from './read-connection-credential.js';
import { primarySettings, type PrimaryConfig } from './settings.js';

const settings = (env: Record<string, string>): PrimaryConfig => z.object(primarySettings).parse(env);

describe('the settings of the primary', () => {
  it('mean Bitbucket Cloud where nothing is said', () => {
    const primary = createPrimary(settings({}));
    expect(primary.kind).toBe('bitbucket-cloud');
    expect(primary.displayName).toBe('bitbucket.org');
    expect(primary.gitUrl('acme/widget')).toBe('https://bitbucket.org/acme/widget.git');
    expect(primary.sshUrl).toBe('ssh://git@bitbucket.org');
    expect(primary.sshPath('acme/widget')).toBe('acme/widget.git');
    expect(primary.oauth).toBeUndefined();
    expect(() => primary.identify('acme/widget')).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });

  it('describe any git host by its base URL, a list and a switch', () => {
    const primary = createPrimary(
      settings({
        PRIMARY_KIND: 'git-http',
        PRIMARY_GIT_URL: 'http://127.0.0.1:9000/git/',
        PRIMARY_REPOSITORIES: 'team/Widget.git, größe,team/Widget,',
        PRIMARY_ON_DEMAND: 'true',
      }),
    );
    expect(primary.configured).toEqual(['team/Widget', 'größe']);
    expect(primary.onDemand).toBe(true);
    expect(primary.gitUrl('größe')).toBe('http://127.0.0.1:9000/git/gr%C3%B6%C3%9Fe.git');
    expect(primary.discovery).toBeUndefined();
    expect(primary.webhooks).toBeUndefined();
    expect([primary.sshUrl, primary.oauth, primary.accessKeys]).toEqual([undefined, undefined, undefined]);
  });

  it('know where people agree, by the consumer’s key and the way back', () => {
    const env = { PRIMARY_OAUTH_KEY: 'key', PRIMARY_OAUTH_SECRET_FILE: 'secret', PRIMARY_OAUTH_PKCE: 'true' };
    const { oauth } = createPrimary(settings(env));
    const options = { state: 's&t', redirectUri: 'https://m/-/link/callback', challenge: 'c' };
    const url = new URL(oauth?.authorizeUrl(options) ?? '');
    expect(url.origin + url.pathname).toBe('https://bitbucket.org/site/oauth2/authorize');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'key',
      response_type: 'code',
      redirect_uri: 'https://m/-/link/callback',
      state: 's&t',
      code_challenge: 'c',
      code_challenge_method: 'S256',
    });
    expect(oauth?.pkce).toBe(true);
    // Services that only share the settings have no secret, and no OAuth.
    expect(createPrimary(settings({ PRIMARY_OAUTH_KEY: 'key' })).oauth).toBeUndefined();
  });

  it.each(['http://host', 'ssh://host', 'ssh://git@host/path', 'ssh://git:secret@host', 'git@host:path'])(
    'take no SSH URL like %s',
    (url) => {
      expect(() => settings({ PRIMARY_SSH_URL: url })).toThrow();
    },
  );

  it('may say that the host has no ".git" in its URLs', () => {
    const env = {
      PRIMARY_KIND: 'git-http',
      PRIMARY_GIT_URL: 'https://git.example',
      PRIMARY_GIT_SUFFIX: 'none',
    };
    expect(createPrimary(settings(env)).gitUrl('~ann/notes')).toBe('https://git.example/~ann/notes');
  });

  it.each([
    [{ PRIMARY_KIND: 'git-http' }, /PRIMARY_GIT_URL/],
    [
      { PRIMARY_KIND: 'git-http', PRIMARY_GIT_URL: 'http://h', PRIMARY_REPOSITORIES: '../etc' },
      /PRIMARY_REPOSITORIES/,
    ],
  ])('are refused with a sentence: %j', (env, sentence) => {
    expect(() => createPrimary(settings(env as unknown as Record<string, string>))).toThrow(
      expect.objectContaining({ code: 'invalid', hint: expect.stringMatching(sentence) }),
    );
  });

  it.each(['https://user:secret@host', 'file:///etc', 'https://host/?a=b', 'nonsense'])(
    'take no base URL like %s',
    (url) => {
      expect(() => settings({ PRIMARY_GIT_URL: url })).toThrow();
    },
  );
});

describe('the credential of the connection', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'antipode-token-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const tokenFile = async (text: string): Promise<string> => {
    const file = join(folder, 'token');
    await writeFile(file, text);
    return file;
  };

  it('is read from its file, without the line end', async () => {
    const config = settings({
      PRIMARY_TOKEN_FILE: await tokenFile('secret-1\n'),
      PRIMARY_TOKEN_EMAIL: 'bot@acme.example',
    });
    expect(await readConnectionCredential(config)).toEqual({ token: 'secret-1', email: 'bot@acme.example' });
  });

  it('is absent where no file is named', async () => {
    expect(await readConnectionCredential(settings({}))).toBeUndefined();
  });

  it.each(['', '\n', 'two tokens', 'line\nline', 'ünicode', 'x'.repeat(5000)])(
    'is refused where the file holds %j, without showing it',
    async (text) => {
      const failure = await readConnectionCredential(
        settings({ PRIMARY_TOKEN_FILE: await tokenFile(text) }),
      ).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'invalid' });
      if (text.trim() !== '') expect(JSON.stringify(failure)).not.toContain(text.trim());
    },
  );

  it('takes the git form that its kind needs', () => {
    const decode = (header: string): string => Buffer.from(header.replace('Basic ', ''), 'base64').toString();
    const bitbucket = createPrimary(settings({}));
    expect(decode(bitbucket.gitAuthorization({ token: 't' }))).toBe('x-token-auth:t');
    expect(decode(bitbucket.gitAuthorization({ token: 't', email: 'bot@acme.example' }))).toBe(
      'x-bitbucket-api-token-auth:t',
    );
    expect(
      decode(bitbucket.gitAuthorization({ token: 't', email: 'bot@acme.example', username: 'bot' })),
    ).toBe('bot:t');
    const other = createPrimary(settings({ PRIMARY_KIND: 'git-http', PRIMARY_GIT_URL: 'http://h' }));
    expect(other.gitAuthorization({ token: 't' })).toBe('Bearer t');
    expect(decode(other.gitAuthorization({ token: 't', username: 'u' }))).toBe('u:t');
  });

  it('of a caller is relayed as it is, but for a Bearer, which Bitbucket documents in another form', () => {
    const bitbucket = createPrimary(settings({}));
    expect(bitbucket.relayAuthorization('Basic YTpi')).toBe('Basic YTpi');
    expect(bitbucket.relayAuthorization('bearer abc')).toBe(
      `Basic ${Buffer.from('x-token-auth:abc').toString('base64')}`,
    );
    expect(bitbucket.relayAuthorization('Bearer')).toBe('Bearer');
  });
});
