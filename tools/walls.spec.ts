import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';

const ROOT = resolve(import.meta.dirname, '..');

/** What must not pass: a line, the file in which it would stand, and which rule has to speak up. */
const FORBIDDEN = [
  {
    what: 'an app imports another app',
    path: 'apps/edge/src/main.ts',
    text: `import '@antipode/auth';`,
    by: /enforce-module-boundaries/,
  },
  {
    what: 'an app imports another app by its path',
    path: 'apps/edge/src/main.ts',
    text: `import '../../auth/src/main.js';`,
    by: /enforce-module-boundaries/,
  },
  {
    what: 'pure code imports Nest',
    path: 'libs/domain/src/index.ts',
    text: `import '@nestjs/common';`,
    by: /enforce-module-boundaries/,
  },
  {
    // The test library, because Nx surely finds only what a package.json names.
    what: 'pure code imports a library of a higher layer',
    path: 'libs/git-wire/src/index.ts',
    text: `import '@antipode/testing';`,
    by: /enforce-module-boundaries/,
  },
  {
    what: 'a library that does I/O imports a library of a higher layer',
    path: 'libs/queues/src/index.ts',
    text: `import '@antipode/testing';`,
    by: /enforce-module-boundaries/,
  },
  {
    what: 'something that ships imports the test library',
    path: 'apps/edge/src/main.ts',
    text: `import '@antipode/testing';`,
    by: /enforce-module-boundaries/,
  },
  {
    what: 'a library is entered by a side door',
    path: 'apps/edge/src/main.ts',
    text: `import '@antipode/domain/src/oid.js';`,
    by: /front door/,
  },
  {
    what: 'a promise is left floating',
    path: 'apps/edge/src/main.ts',
    text: `Promise.resolve(1);`,
    by: /no-floating-promises/,
  },
  {
    what: 'something is any',
    path: 'apps/edge/src/main.ts',
    text: `export const x = (y: any): void => void y;`,
    by: /no-explicit-any/,
  },
] as const;

const ALLOWED = [
  {
    what: 'an app imports libraries of every layer',
    path: 'apps/edge/src/main.ts',
    text: `import '@antipode/domain';\nimport '@antipode/rpc';\nimport '@antipode/service-kit';\n`,
  },
  {
    what: 'a test imports the test library',
    path: 'libs/git-wire/src/pkt-line.spec.ts',
    text: `import '@antipode/testing';\n`,
  },
] as const;

describe('the walls between the layers', () => {
  let results: string[][];

  beforeAll(() => {
    const input = JSON.stringify([...FORBIDDEN, ...ALLOWED]);
    const output = execFileSync(process.execPath, ['tools/walls/lint-texts.mjs'], {
      cwd: ROOT,
      input,
      env: environment(),
    });
    results = JSON.parse(output.toString()) as string[][];
  }, 180_000);

  it.each(FORBIDDEN.map((rule, index) => ({ ...rule, index })))('stop it where $what', ({ index, by }) => {
    expect(results[index]?.join('\n')).toMatch(by);
  });

  it.each(ALLOWED.map((rule, index) => ({ ...rule, index: FORBIDDEN.length + index })))(
    'let it pass where $what',
    ({ index }) => {
      expect(results[index]).toEqual([]);
    },
  );
});

/** Nx finds the projects without its daemon, and without what jest tells its own children. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, JEST_WORKER_ID: _worker, ...rest } = process.env;
  return { ...rest, NX_DAEMON: 'false' };
}
