import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Nginx } from '../baseline/nginx.js';
import { askBatch, type DownloadLink } from '../lfs/ask-batch.js';
import type { LfsSite } from '../lfs/lfs-site.js';
import { cpuBetween, readCpu, totalSeconds } from '../measure/cpu-meter.js';
import { inTurns } from '../measure/in-turns.js';
import type { Side, Subject } from '../subject.js';
import { mapSides } from './no-op.js';
import { rowOf, type Row } from './row.js';

/** The log line belongs to the price. */
const SETTLE_MS = 200;

interface Download {
  readonly megabytesPerSecond: number;
  readonly cpuPerGigabyte: number;
}

/** An object that is on the mirror's disk, beside nginx that serves the very same file. */
export async function lfsDownloadRows(site: LfsSite): Promise<Row[]> {
  const { runs, rounds, megabytes } = site.plan.lfs;
  site.say(`download of a large file of ${megabytes} MB …`);
  const file = { seed: 'one large file', size: megabytes * 1e6 };
  const { path, objects } = await site.house.publishLarge('bench-large', { 'large.bin': file });
  const [object] = objects;
  if (!object) throw new Error('the primary made no object');
  await using nginx = await Nginx.start(
    site.nginx,
    join(site.scratch, 'nginx'),
    site.house.blobPath(object.oid),
  );
  const subjects = { baseline: nginx.subject, mirror: site.house.largeFilesSubject };
  const links: Record<Side, DownloadLink> = {
    baseline: { url: `${nginx.subject.origin}/file`, headers: {} },
    mirror: await askBatch(site.house.subject, path, object),
  };
  // Once for nothing: the page cache, compiled code, and the proof that both send what they should.
  for (const link of Object.values(links)) await requireBytes(link, object.oid);
  const downloads = await inTurns(subjects, runs, (subject) =>
    measure(site, subject, links[subject.name], rounds),
  );
  const what = `large file of ${megabytes} MB that is here (nginx with sendfile, one worker, against the mirror)`;
  const direction = 'mirror ÷ baseline';
  return [
    rowOf(
      `${what}: throughput`,
      'MB/s',
      mapSides(downloads, ({ megabytesPerSecond }) => megabytesPerSecond),
      { direction, aim: { atLeast: 0.8 } },
    ),
    rowOf(
      `${what}: server CPU per GB`,
      's',
      mapSides(downloads, ({ cpuPerGigabyte }) => cpuPerGigabyte),
      { direction, aim: { atMost: 2 } },
    ),
  ];
}

/** Some downloads, one after the other, each on a connection of its own. */
async function measure(
  site: LfsSite,
  subject: Subject,
  link: DownloadLink,
  rounds: number,
): Promise<Download> {
  const before = readCpu(subject.parts);
  let seconds = 0;
  let bytes = 0;
  for (let i = 0; i < rounds; i += 1) {
    const result = await site.generator.download({ ...link, clients: 1 });
    seconds += result.seconds;
    bytes += result.bytes;
  }
  await sleep(SETTLE_MS);
  const cpu = totalSeconds(cpuBetween(before, readCpu(subject.parts)));
  return { megabytesPerSecond: bytes / 1e6 / seconds, cpuPerGigabyte: cpu / (bytes / 1e9) };
}

async function requireBytes({ url, headers }: DownloadLink, oid: string): Promise<void> {
  const answer = await fetch(url, { headers });
  const hash = createHash('sha256');
  for await (const chunk of answer.body ?? []) hash.update(chunk);
  if (hash.digest('hex') !== oid) throw new Error(`${new URL(url).origin} sent other bytes`);
}
