// The steps of the check, in their order. `quick` ones are `pnpm check`; `npm test` runs all.
import { join } from 'node:path';

const tool = (command, ...args) => ({ command, args });

/**
 * Tests run on the sources, two files at a time at most: more than that, and two cores measure each other.
 *
 * @param {{workers: number, folder?: string}} how `folder`: only the tests in it
 */
const jest =
  (project, { workers, folder }) =>
  ({ root, scratch, report, only = [] }) => ({
    command: process.execPath,
    args: [
      'node_modules/jest/bin/jest.js',
      ...['--selectProjects', project],
      ...['--passWithNoTests', `--maxWorkers=${workers}`],
      ...['--reporters=default', `--reporters=${join(root, 'tools/check/count-reporter.mjs')}`],
      ...(only.length > 0 ? ['--runTestsByPath', ...only] : folder ? ['--', folder] : []),
    ],
    env: {
      TEST_REPORT: report,
      TMPDIR: join(scratch, 'tmp'),
      NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
    },
  });

// Steps of one `stage` run side by side: each keeps one core busy, and none measures time.
// The limits are there for what hangs: several times what a step takes on two idle cores.
export const STEPS = [
  // First: it takes as long as the others of its stage together.
  {
    name: 'lint',
    stage: 'static',
    quick: true,
    seconds: 600,
    command: () => tool('eslint', '.', '--max-warnings', '0'),
  },
  {
    name: 'format',
    stage: 'static',
    quick: true,
    seconds: 300,
    command: () => tool('prettier', '--check', '--log-level', 'warn', '.'),
  },
  { name: 'protos', stage: 'static', quick: true, seconds: 60, command: () => tool('buf', 'lint') },
  {
    name: 'generated',
    stage: 'static',
    quick: true,
    seconds: 60,
    // The committed code must be what the protos say today.
    command: ({ scratch }) =>
      tool(
        'sh',
        '-c',
        `buf generate -o "$1" && diff -r "$1/libs/contracts/src/generated" libs/contracts/src/generated`,
        'generated',
        join(scratch, 'gen'),
      ),
  },
  {
    name: 'types',
    stage: 'static',
    quick: true,
    seconds: 400,
    command: () => tool('tsc', '--noEmit', '-p', 'tsconfig.json'),
  },
  {
    name: 'unit',
    quick: true,
    jest: true,
    secondTry: true,
    seconds: 900,
    command: jest('unit', { workers: 2 }),
  },
  {
    name: 'integration',
    jest: true,
    secondTry: true,
    seconds: 2400,
    command: jest('integration', { workers: 2 }),
  },
  // Houses that are shaken, and houses that are not: they share nothing, so both can be lived in at once.
  ...['calm', 'rough'].map((house) => ({
    name: `e2e-${house}`,
    stage: 'e2e',
    jest: true,
    secondTry: true,
    seconds: 1800,
    command: jest('e2e', { workers: 1, folder: `e2e/${house}/` }),
  })),
];
