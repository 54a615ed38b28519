import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pc from 'picocolors';
import { conceal } from '../settings/conceal.js';
import { printConfig } from './config-print.js';

const PAPER = { isTerminal: false, columns: Infinity, colours: pc.createColors(false) };

/** A service's `config.js`: three settings of the house, one of the environment, one that has a default. */
const CONFIG = `
  export function readConfig(env = process.env) {
    if (env.FRESHNESS === 'nonsense') throw Object.assign(new Error('reading'), { hint: 'Wrong settings: FRESHNESS: strict or bounded' });
    const { DATABASE_URL, SECRET_KEY, HTTP_PORT, PRIMARY_KIND } = env;
    return { DATABASE_URL, SECRET_KEY, HTTP_PORT: Number(HTTP_PORT), PRIMARY_KIND, FRESHNESS: { seconds: 5 }, LOG_LEVEL: 'info' };
  }`;

describe('config print', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'antipode-config-'));
    await mkdir(join(folder, 'apps/registry/dist'), { recursive: true });
    await writeFile(join(folder, 'apps/registry/package.json'), '{"type":"module"}');
    await writeFile(join(folder, 'apps/registry/dist/config.js'), CONFIG);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const print = (env: NodeJS.ProcessEnv, options: Parameters<typeof printConfig>[1] = {}) =>
    printConfig('registry', { data: join(folder, 'data'), ...options }, { home: folder }, env);

  it('shows what the service would get and where each comes from, but no secret', async () => {
    const answer = await print({ FRESHNESS: 'bounded:5', SECRET_KEY: 'hunter2' });
    expect(`\n${answer.text(PAPER)}`).toMatchInlineSnapshot(`
     "
     registry
     SETTING       VALUE                                              FROM
     DATABASE_URL  postgresql://antipode:***@127.0.0.1:7993/antipode  secrets/ of the data folder
     SECRET_KEY    ***                                                secrets/ of the data folder
     HTTP_PORT     7991                                               --port-base
     PRIMARY_KIND  bitbucket-cloud                                    the simulator
     FRESHNESS     bounded:5                                          environment
     LOG_LEVEL     info                                               default
     "
    `);
    expect(JSON.stringify(answer)).not.toMatch(/hunter2/);
  });

  it('follows the options of up', async () => {
    const primary = { kind: 'git-http', url: 'http://127.0.0.1:9000' } as const;
    const { json } = await print({}, { primary, portBase: 8100 });
    expect(json).toMatchObject({
      services: [
        {
          settings: expect.arrayContaining([
            { name: 'PRIMARY_KIND', value: 'git-http', from: 'options of up' },
            { name: 'HTTP_PORT', value: '8101', from: '--port-base' },
          ]),
        },
      ],
    });
  });

  it("tells the service's own complaint, and ends with 1", async () => {
    const answer = await print({ FRESHNESS: 'nonsense' });
    expect(answer.exit).toBe(1);
    expect(answer.text(PAPER)).toBe('registry\nWrong settings: FRESHNESS: strict or bounded\n');
  });

  it.each([
    ['SECRET_KEY', 'abc', '***'],
    ['LFS_S3_SECRET_ACCESS_KEY', 'abc', '***'],
    ['DATABASE_URL', 'postgresql://user:p%40ss@host/db', 'postgresql://user:***@host/db'],
    ['REDIS_URL', 'rediss://:pw@host:1/0', 'rediss://:***@host:1/0'],
    ['PRIMARY_TOKEN_FILE', '/etc/token', '/etc/token'],
    ['KEY_READ_SECONDS', 120, 120],
    ['SSH_URL', 'ssh://git@mirror:7999', 'ssh://git@mirror:7999'],
  ])('shows %s=%s as %s', (name, value, shown) => {
    expect(conceal(name, value)).toBe(shown);
  });
});
