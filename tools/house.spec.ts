import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CODES } from '../libs/errors/src/codes.js';

const ROOT = resolve(import.meta.dirname, '..');

/** Every file that belongs to the project, tracked or about to be, by its path from the root. */
const FILES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(ROOT, path)));

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const isTest = (path: string): boolean =>
  /\.(spec|e2e)\.ts$|\/test\/|^(e2e|bench|libs\/testing|tools)\//.test(path);
const shipped = FILES.filter((path) => /^(apps|libs)\/[^/]+\/src\/.*\.ts$/.test(path) && !isTest(path));
const APPS = readdirSync(join(ROOT, 'apps'));

describe('the house keeps its own rules', () => {
  // Every child process needs our timeout, environment and reaping. One library knows how.
  it('starts processes in one library only, and in the programs that are about processes', () => {
    const allowed = /^(libs\/git-process|apps\/cli|apps\/bitbucket-sim)\//;
    expect(
      shipped.filter((path) => /['"](node:)?child_process['"]/.test(read(path)) && !allowed.test(path)),
    ).toEqual([]);
  });

  // A setting that is read somewhere in the middle is in no schema, in no README and in no error message.
  it('reads the environment in config.ts only', () => {
    // What a git process inherits (its PATH and the certificates) is the environment itself, no setting.
    const exceptions = ['libs/git-process/src/start-git.ts', 'apps/bitbucket-sim/src/git/run-git.ts'];
    const readers = shipped.filter(
      (path) => read(path).includes('process.env') && !path.endsWith('/config.ts'),
    );
    expect(readers.filter((path) => !exceptions.includes(path))).toEqual([]);
  });

  it('documents every error code, and none that does not exist', () => {
    const documented = [...read('docs/errors.md').matchAll(/^\| `([a-z_]+)` +\|/gm)].map(([, code]) => code);
    expect(documented.toSorted()).toEqual([...CODES].toSorted());
  });

  it('uses every error code somewhere', () => {
    const source = shipped
      .filter((path) => !path.startsWith('libs/errors/'))
      .map(read)
      .join('\n');
    expect(CODES.filter((code) => !source.includes(`'${code}'`))).toEqual([]);
  });

  it.each(APPS)('%s has a README that names each of its settings and tells how it fails', (app) => {
    const readme = read(`apps/${app}/README.md`);
    const config = `apps/${app}/src/config.ts`;
    const keys = existsSync(join(ROOT, config)) ? settingsIn(read(config)) : [];
    expect(keys.filter((key) => !mentions(readme, key))).toEqual([]);
    expect(readme).toMatch(/^##+ .*fail/im);
  });

  it('documents the settings that services share, in one place', () => {
    const page = read('docs/settings.md');
    const shared = [
      'libs/service-kit/src/config.ts',
      'libs/rpc/src/credentials.ts',
      'libs/primary/src/settings.ts',
    ];
    const keys = shared.flatMap((path) => settingsIn(read(path)));
    expect(keys.length).toBeGreaterThan(10);
    expect(keys.filter((key) => !mentions(page, key))).toEqual([]);
  });

  // Drawers without labels: if you cannot name it, it is probably two things.
  it('has no utils, common or manager', () => {
    const drawers = /(^|\/)(utils?|common|misc|helpers?|[a-z-]*-?managers?)(\/|\.ts$)/;
    expect(FILES.filter((path) => drawers.test(path))).toEqual([]);
  });

  it('names files in kebab-case', () => {
    const sources = FILES.filter(
      (path) => /^(apps|libs|e2e|bench|tools)\/.*\.ts$/.test(path) && !path.includes('/generated/'),
    );
    expect(sources.filter((path) => !/^[a-z0-9.-]+$/.test(path.split('/').at(-1) ?? ''))).toEqual([]);
  });

  it('gives every project the tag of its layer, by which the walls stand', () => {
    const layers: Record<string, RegExp> = {
      apps: /"layer:app"/,
      libs: /"layer:(pure|contracts|io|kit|test)"/,
    };
    const untagged = ['apps', 'libs'].flatMap((group) =>
      readdirSync(join(ROOT, group))
        .map((name) => `${group}/${name}/project.json`)
        .filter((path) => !layers[group]?.test(read(path))),
    );
    expect(untagged).toEqual([]);
  });

  // The tree must mean the same on every machine.
  it('names no path of a machine, and nothing beside the checkout', () => {
    const text = FILES.filter(
      (path) => !/^pnpm-lock\.yaml$|\.(png|ico|woff2?)$/.test(path) && path !== 'tools/house.spec.ts',
    );
    const places = /\/(home|Users|work|root|farm)\/[a-z][a-z0-9-]*\//;
    // The one file beside the checkout that a test uses where it is there.
    const beside = /\.\.\/shared(?!\/reference\/bitbucket-cloud-openapi\.json)/;
    expect(text.filter((path) => places.test(read(path)) || beside.test(read(path)))).toEqual([]);
  });

  it('names no package registry, so that it installs from any', () => {
    const host = new RegExp(['registry', 'npmjs'].join('\\.'));
    expect(FILES.filter((path) => path !== 'tools/house.spec.ts' && host.test(read(path)))).toEqual([]);
  });

  it('deploys every service, by compose and by kustomize', () => {
    const manifests = FILES.filter((path) => /^deploy\/kubernetes\/.*\.yaml$/.test(path))
      .map(read)
      .join('\n');
    const services = APPS.filter((app) => !['cli', 'bitbucket-sim'].includes(app));
    const command = (app: string): string => `apps/${app}/dist/main.js`;
    expect(services.filter((app) => !read('docker-compose.yml').includes(command(app)))).toEqual([]);
    expect(services.filter((app) => !manifests.includes(command(app)))).toEqual([]);
  });

  it('leaves no skipped or lonely test behind', () => {
    const tests = FILES.filter((path) => /\.(spec|e2e)\.ts$/.test(path) && path !== 'tools/house.spec.ts');
    expect(
      tests.filter((path) =>
        /\b(it|test|describe)\.(only|todo|skip)\(|\b(xit|fit|xdescribe)\(/.test(read(path)),
      ),
    ).toEqual([]);
  });
});

/** The keys of a schema: `  NAME: z.…`. */
const settingsIn = (source: string): string[] =>
  [...source.matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm)].map(([, key]) => key ?? '');

const mentions = (text: string, key: string): boolean => new RegExp(`\\b${key}\\b`).test(text);
