import { pipeline } from 'node:stream/promises';
import { Refused } from '../git/refused.js';
import type { Simulator } from '../simulator.js';
import { readRange, type ByteRange } from './byte-range.js';
import { noteAnswer, objectIn } from './lfs-counts.js';
import type { MediaLink } from './media-links.js';
import type { MediaRequest } from './media-request.js';
import { Passage } from './passage.js';

/** Answers a download: 200, 206 or 416, harmed as the faults want it. @throws Refused (404), CutOff */
export async function sendObject(
  sim: Simulator,
  { req, res }: MediaRequest,
  { repositoryUuid, oid }: MediaLink,
  { bytesPerSecond }: { bytesPerSecond: number | undefined },
): Promise<void> {
  const size = await sim.lfsDisk.sizeOf(repositoryUuid, oid);
  if (size === undefined) throw new Refused(404, 'Not found');
  const asked = sim.faults.takeLfs('rangeless', oid) ? undefined : readRange(req.headers.range, size);
  if (asked === 'unsatisfiable') {
    res.setHeader('Content-Range', `bytes */${size}`);
    throw new Refused(416, 'Range Not Satisfiable');
  }
  const range = asked ?? { start: 0, end: size - 1 };
  const { media } = sim.counters.counts.lfs;
  const counted = objectIn(sim.counters.counts.lfs, oid);
  const isHarmed = sim.faults.takeLfs('corrupt', oid) !== undefined;
  const passage = new Passage({
    onBytes: (bytes) => {
      counted.bytesOut += bytes;
      media.bytesOut += bytes;
    },
    // The same byte whichever part is asked for.
    harmAt: isHarmed ? Math.floor(size / 2) - range.start : undefined,
    cutAfter: sim.faults.takeLfs('truncated', oid)?.afterBytes,
    bytesPerSecond,
  });
  counted.downloads += 1;
  const status = asked ? 206 : 200;
  noteAnswer(media, status);
  res.writeHead(status, headers(oid, size, range, status));
  res.flushHeaders();
  if (size === 0) return void res.end();
  await pipeline(sim.lfsDisk.read(repositoryUuid, oid, range), passage, res);
}

const headers = (oid: string, size: number, { start, end }: ByteRange, status: 200 | 206) => ({
  'Content-Type': 'application/octet-stream',
  'Content-Length': end - start + 1,
  'Accept-Ranges': 'bytes',
  ETag: `"${oid}"`,
  ...(status === 206 ? { 'Content-Range': `bytes ${start}-${end}/${size}` } : {}),
});
