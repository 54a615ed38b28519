// A Jest reporter that notes each test file's outcome as it ends, so that a suite which hangs, or is stopped,
// loses nothing of what it had already shown.
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';

export default class CountReporter {
  #file = process.env.TEST_REPORT;

  onTestFileResult(
    test,
    { numPassingTests, numFailingTests, numPendingTests, numTodoTests, testExecError, testResults },
  ) {
    if (!this.#file) return;
    const failures = testResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName);
    // A file that does not even load has no tests to count, and is a failure all the same.
    const broken = testExecError && numFailingTests === 0;
    const line = {
      file: relative(process.cwd(), test.path),
      passed: numPassingTests,
      failed: numFailingTests + (broken ? 1 : 0),
      skipped: numPendingTests + numTodoTests,
      failures: broken ? ['could not be run'] : failures,
    };
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}
