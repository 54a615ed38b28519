import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = resolve(import.meta.dirname, '..');

/** Whoever reads a check's outcome by machine reads its last line and its exit code, however it went. */
describe('the last line of a check', () => {
  it('counts what passed', () => {
    const { status, lastLine } = check('protos');
    expect({ status, lastLine }).toEqual({ status: 0, lastLine: '1 passed, 0 failed, 0 skipped' });
  });

  it('counts as failed what could not be run', () => {
    const { status, lastLine } = check('no-such-step', 'protos');
    expect({ status, lastLine }).toEqual({ status: 1, lastLine: '1 passed, 1 failed, 0 skipped' });
  });
});

function check(...steps: string[]): { status: number | null; lastLine: string | undefined } {
  const { NODE_OPTIONS: _options, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, ['tools/check.mjs', ...steps], {
    cwd: ROOT,
    env,
    encoding: 'utf8',
  });
  return { status, lastLine: stdout.trimEnd().split('\n').at(-1) };
}
