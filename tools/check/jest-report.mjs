// What a suite's tests came to, from the file that count-reporter.mjs fills.
import { existsSync, readFileSync } from 'node:fs';

const MOST_NAMES = 40;

/**
 * @param {string} file one line of JSON per test file; may be missing, where jest did not even start
 * @param {{ok: boolean, timedOut: boolean}} outcome how the process ended: a suite that did not end well has
 *   failed, whatever it counted
 */
export function readJestReport(file, outcome) {
  const files = existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];
  const total = (key) => files.reduce((sum, one) => sum + one[key], 0);
  const failures = files
    .flatMap((one) => one.failures.map((name) => `${one.file}: ${name}`))
    .slice(0, MOST_NAMES);
  const counts = {
    passed: total('passed'),
    failed: total('failed'),
    skipped: total('skipped'),
    failures,
    failedFiles: files.filter((one) => one.failed > 0).map(({ file }) => file),
  };
  if (outcome.timedOut)
    return withOneMore(counts, `stopped at its time limit after ${files.length} test files`);
  if (!outcome.ok && counts.failed === 0)
    return withOneMore(counts, 'all its tests passed, but the suite did not end well');
  return counts;
}

/** What a suite came to after some of its files were tried again: their first outcome no longer counts. */
export function afterSecondTry(file, again) {
  const outcomes = readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const once = outcomes.filter(({ failed }) => failed === 0);
  const total = (key) => once.reduce((sum, one) => sum + one[key], 0);
  return {
    passed: total('passed') + again.passed,
    failed: again.failed,
    skipped: total('skipped') + again.skipped,
    failures: again.failures,
    secondTries: outcomes
      .filter((one) => one.failed > 0 && !again.failedFiles.includes(one.file))
      .flatMap((one) => one.failures.map((name) => `${one.file}: ${name}`)),
  };
}

const withOneMore = (counts, failure) => ({
  ...counts,
  failed: counts.failed + 1,
  failures: [...counts.failures, failure],
});
