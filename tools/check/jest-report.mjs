// What a suite's tests came to, from the file that `jest --json --outputFile` leaves behind.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

const MOST_NAMES = 40;

/**
 * @param {string} file may be missing, where the suite was killed
 * @param {{ok: boolean}} outcome how the process ended: a suite that did not end well has failed, whatever it counted
 */
export function readJestReport(file, outcome) {
  if (!existsSync(file))
    return { passed: 0, failed: 1, skipped: 0, failures: ['the suite ended without a report'] };
  const report = JSON.parse(readFileSync(file, 'utf8'));
  // A file that does not even load has no tests to count, and is a failure all the same.
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  const counts = {
    passed: report.numPassedTests,
    failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
  if (failed === 0 && !outcome.ok)
    return { ...counts, failed: 1, failures: ['all its tests passed, but the suite did not end by itself'] };
  return { ...counts, failures: namesOfFailures(report).slice(0, MOST_NAMES) };
}

function namesOfFailures(report) {
  return report.testResults.flatMap(({ name, assertionResults, status }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed').map((test) => test.fullName);
    if (failed.length === 0 && status === 'failed')
      return [`${relative(process.cwd(), name)} could not be run`];
    return failed.map((test) => `${relative(process.cwd(), name)}: ${test}`);
  });
}
