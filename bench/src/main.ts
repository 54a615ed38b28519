import { loadavg } from 'node:os';
import { bench } from './bench.js';
import { benchLfs } from './bench-lfs.js';
import { parseOptions, USAGE, type Options } from './options.js';
import { tableOf, plainTable } from './report/print-table.js';
import { writeJson, writeLfsPage, writePage } from './report/write-report.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Rejects when somebody wants us to stop; everything that was started is then taken down on the way out. */
const interrupted = new Promise<never>((_, reject) => {
  const stop = (): void => reject(new Error('interrupted'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  if (process.connected) process.once('disconnect', stop);
});

// Between two steps nobody waits for it; the next step that does still meets it.
interrupted.catch(() => undefined);

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') return say(USAGE);
  if (options.rows === 'lfs') return largeFiles(options);
  const results = await bench(options, say, interrupted);
  say(`\n${plainTable(results)}\n`);
  say(`Everything: ${await writeJson(results)}`);
  if (results.plan === 'full') say(`For people: ${await writePage(results)}`);
}

async function largeFiles(options: Options): Promise<void> {
  const loadBefore = loadavg()[0] ?? 0;
  const rows = await benchLfs(options, say, interrupted);
  say(`\n${tableOf(rows)}`);
  if (options.size === 'full') say(`For people: ${await writeLfsPage(rows, loadBefore)}`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
