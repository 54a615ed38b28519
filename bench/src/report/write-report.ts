import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { CHECKOUT } from '@antipode/testing';
import type { Row } from '../rows/row.js';
import { number } from './cells.js';
import { memoryChart } from './memory-chart.js';
import { markdownTable, markdownTableOf } from './print-table.js';
import type { Results } from './results.js';

const BENCH = join(CHECKOUT, 'bench');

/** Everything for programs, whatever the run's size. @returns the file's path */
export async function writeJson(results: Results): Promise<string> {
  const file = join(BENCH, 'results/latest.json');
  await mkdir(join(BENCH, 'results'), { recursive: true });
  await writeFile(file, `${JSON.stringify(results, null, 1)}\n`);
  return file;
}

/** RESULTS.md and its picture: what a full run found, to be committed. @returns the page's path */
export async function writePage(results: Results): Promise<string> {
  await mkdir(join(BENCH, 'charts'), { recursive: true });
  await writeFile(join(BENCH, 'charts/memory.svg'), memoryChart(results));
  const file = join(BENCH, 'RESULTS.md');
  await writeFile(file, page(results));
  return file;
}

/** RESULTS-LFS.md: the rows of large files alone. @param loadBefore of one minute @returns the page's path */
export async function writeLfsPage(rows: readonly Row[], loadBefore: number): Promise<string> {
  const file = join(BENCH, 'RESULTS-LFS.md');
  await writeFile(
    file,
    `# Results: large files

Written by \`pnpm bench --lfs\`; do not edit. What each line means is in [README.md](README.md).

${new Date().toISOString().slice(0, 10)} · ${availableParallelism()} cores · Node ${process.versions.node} · load before the first measurement ${number(loadBefore)}

${markdownTableOf(rows)}
`,
  );
  return file;
}

function page(results: Results): string {
  const { machine, repository, parallel, wan } = results;
  return `# Results

Written by \`pnpm bench\`; do not edit. What each line means, and the traps, are in [README.md](README.md).

${results.measuredOn} · ${machine.cores} cores, ${machine.memoryGiB} GiB · git ${machine.git} on both sides · Node ${machine.node} ·
Apache ${machine.apache} (prefork, mod_cgi) · load before the first measurement ${number(machine.loadBefore)}

The large repository: ${number(repository.packMB)} MB in one pack, ${repository.commits.toLocaleString('en-US')} commits,
${repository.refs.toLocaleString('en-US')} refs. Values are medians, with the smallest and largest run in brackets.

${markdownTable(results)}

## Memory

![Memory of the two web servers during ${parallel.clients} full clones at once](charts/memory.svg)

The edge is drawn by its resident size, Apache by the sum of its processes with shared pages counted once; git's own
processes belong to neither. Sent away for a moment because all places were taken: ${refusals(parallel.refusals.mirror)} at
the mirror, ${refusals(parallel.refusals.baseline)} at the baseline.

## Where the CPU time of a full clone goes

| | git http-backend behind Apache | Antipode |
| --- | ---: | ---: |
${results.shares.mirror
  .map(
    ({ name, seconds }, i) =>
      `| ${name} | ${number(results.shares.baseline[i]?.seconds ?? 0)} s | ${number(seconds)} s |`,
  )
  .join('\n')}

Apache's workers are children of the process that counts as the door, so its own share is inside the second line.

## Bytes from the primary

The mirror's own first clone took ${number(wan.firstSyncBytes / 1e6)} MB. While it answered ${wan.counted} clones of all kinds, it asked the
primary for ${number(wan.perCloneBytes / 1e3)} kB in ${number(wan.perCloneRequests)} requests per clone, for rights and freshness. ${wan.clones} full clones thus cost
${number(wan.withBytes / 1e6)} MB instead of ${number(wan.withoutBytes / 1e6)} MB (one direct clone, times ${wan.clones}).
`;
}

function refusals(failures: Readonly<Record<string, number>>): string {
  const words = Object.entries(failures).map(([status, count]) => `${count} × ${status}`);
  return words.length === 0 ? 'none' : words.join(', ');
}
