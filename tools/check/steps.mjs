// The steps of the check, in their order. `quick` ones are `pnpm check`; `npm test` runs all.
import { join } from 'node:path';

const tool = (command, ...args) => ({ command, args });

/** Tests run on the sources, two files at a time at most: more than that, and two cores measure each other. */
const jest =
  (workers, ...names) =>
  ({ root, scratch, report, only = [] }) => ({
    command: process.execPath,
    args: [
      'node_modules/jest/bin/jest.js',
      '--selectProjects',
      ...names,
      ...['--passWithNoTests', `--maxWorkers=${workers}`],
      ...['--reporters=default', `--reporters=${join(root, 'tools/check/count-reporter.mjs')}`],
      ...(only.length > 0 ? ['--runTestsByPath', ...only] : []),
    ],
    env: {
      TEST_REPORT: report,
      TMPDIR: join(scratch, 'tmp'),
      NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
    },
  });

// The limits are there for what hangs: several times what a step takes on two idle cores.
export const STEPS = [
  {
    name: 'format',
    quick: true,
    seconds: 300,
    command: () => tool('prettier', '--check', '--log-level', 'warn', '.'),
  },
  { name: 'lint', quick: true, seconds: 600, command: () => tool('eslint', '.', '--max-warnings', '0') },
  { name: 'protos', quick: true, seconds: 60, command: () => tool('buf', 'lint') },
  {
    name: 'generated',
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
  { name: 'types', quick: true, seconds: 400, command: () => tool('tsc', '--noEmit', '-p', 'tsconfig.json') },
  { name: 'unit', quick: true, jest: true, secondTry: true, seconds: 900, command: jest(2, 'unit') },
  { name: 'integration', jest: true, secondTry: true, seconds: 2400, command: jest(2, 'integration') },
  { name: 'e2e', jest: true, secondTry: true, seconds: 1800, command: jest(1, 'e2e') },
];
