// Everything that CI runs, with one summary; the last line is always "N passed, N failed, N skipped".
// Without --all: the quick part alone (static checks and unit tests). Words after that choose steps by name.
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand, stopCommands } from './check/run-command.mjs';
import { makeScratch, removeScratch } from './check/scratch.mjs';
import { STEPS } from './check/steps.mjs';
import { afterSecondTry, readJestReport } from './check/jest-report.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const scratch = makeScratch();

async function main(args) {
  const names = args.filter((arg) => !arg.startsWith('--'));
  const isNamed = ({ name, stage }) => names.includes(name) || names.includes(stage);
  const unknown = names.filter((word) => !STEPS.some(({ name, stage }) => name === word || stage === word));
  if (unknown.length > 0) {
    process.stderr.write(
      `There is no step "${unknown.join('", "')}"; there are ${STEPS.map(({ name }) => name).join(', ')}.\n`,
    );
  }
  const wanted = STEPS.filter((step) =>
    names.length > 0 ? isNamed(step) : step.quick || args.includes('--all'),
  );
  const results = [...unknown.map((name) => oneResult(name, false, 0))];
  for (const stage of stagesOf(wanted)) results.push(...(await runStage(stage)));
  return results;
}

/** Neighbours with one `stage` in common; a step without one stands alone. */
function stagesOf(steps) {
  const stages = [];
  for (const step of steps) {
    const last = stages.at(-1);
    if (last && step.stage !== undefined && last[0].stage === step.stage) last.push(step);
    else stages.push([step]);
  }
  return stages;
}

/** As many as there are cores on the smallest machine that runs this. */
const SIDE_BY_SIDE = 2;

async function runStage(steps) {
  const waiting = [...steps];
  const firsts = new Map();
  const runNext = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) firsts.set(step, await runFirst(step));
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, runNext));
  // Second tries are for what a busy machine spoilt: when all is quiet.
  const results = [];
  for (const step of steps) results.push(await finish(step, firsts.get(step)));
  return results;
}

/** More failures than this are no accident of a busy machine. */
const MOST_SECOND_TRIES = 3;

async function runFirst(step) {
  const begun = performance.now();
  const outcome = await attempt(step);
  return { outcome, seconds: secondsSince(begun) };
}

async function finish(step, { outcome, seconds: before }) {
  const begun = performance.now();
  const failed = outcome.failedFiles ?? [];
  const isWorthATry =
    step.secondTry && !outcome.timedOut && failed.length > 0 && failed.length <= MOST_SECOND_TRIES;
  const counts = isWorthATry ? await tryAgain(step, outcome) : outcome;
  const seconds = before + secondsSince(begun);
  const late = counts.timedOut ? ` (stopped after its limit of ${step.seconds} s)` : '';
  process.stdout.write(`${counts.failed === 0 ? '✔' : '✘'} ${step.name}, ${seconds.toFixed(0)} s${late}\n`);
  return { ...counts, name: step.name, seconds };
}

const secondsSince = (begun) => (performance.now() - begun) / 1000;

/** Tests against the clock, or against Nx's cache, fail now and then on a busy machine: those files once more, alone. */
async function tryAgain(step, first) {
  process.stdout.write(`↻ ${step.name}: once more, alone: ${first.failedFiles.join(' ')}\n`);
  const again = await attempt(step, first.failedFiles);
  return afterSecondTry(first.report, again);
}

async function attempt(step, only = []) {
  const report = step.jest ? join(scratch, `${step.name}${only.length > 0 ? '-again' : ''}.json`) : undefined;
  const outcome = await runCommand(root, step.command({ root, scratch, report, only }), {
    seconds: step.seconds,
    shown: step.jest,
  });
  if (!outcome.ok && outcome.output) process.stdout.write(`${outcome.output.trimEnd()}\n`);
  const { timedOut } = outcome;
  if (!report) return { ...oneResult(step.name, outcome.ok, 0), timedOut };
  return { ...readJestReport(report, outcome), timedOut, report };
}

const oneResult = (name, ok, seconds) => ({
  name,
  seconds,
  passed: ok ? 1 : 0,
  failed: ok ? 0 : 1,
  skipped: 0,
  failures: [],
});

/** A table for people, then the line for machines. @returns the exit code */
function summarise(results) {
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  const lines = results.map(
    ({ name, passed, failed, skipped, seconds }) =>
      `  ${failed === 0 ? '✔' : '✘'} ${name.padEnd(16)} ${`${passed} passed`.padStart(12)} ${`${failed} failed`.padStart(10)} ${`${skipped} skipped`.padStart(11)} ${`${seconds.toFixed(0)} s`.padStart(7)}`,
  );
  const failures = results.flatMap(({ name, failures: list }) =>
    list.map((failure) => `  ✘ ${name}: ${failure}`),
  );
  const secondTries = results.flatMap(({ name, secondTries: list = [] }) =>
    list.map((test) => `  ↻ ${name}: passed only when tried again: ${test}`),
  );
  if (secondTries.length > 0) process.stdout.write(`\n${secondTries.join('\n')}\n`);
  process.stdout.write(`\n${[...lines, ...(failures.length > 0 ? ['', ...failures] : []), ''].join('\n')}\n`);
  process.stdout.write(`${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped\n`);
  return total('failed') === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stopCommands());
if (process.connected) process.once('disconnect', () => stopCommands());

const code = await main(process.argv.slice(2)).then(summarise, (error) => {
  process.stderr.write(`The check itself failed: ${error.stack}\n`);
  return summarise([oneResult('check', false, 0)]);
});
removeScratch(scratch);
process.exit(code);
