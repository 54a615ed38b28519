import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { Refused } from '../git/refused.js';
import { parseJson, readBody } from '../http/read-body.js';
import type { Simulator } from '../simulator.js';
import { objectIn } from './lfs-counts.js';
import { WrongBytes } from './lfs-disk.js';
import type { MediaLink } from './media-links.js';

/** Takes an upload, which then belongs to the link's repository. @throws Refused (400) where it is something else */
export async function takeObject(sim: Simulator, req: IncomingMessage, link: MediaLink): Promise<void> {
  const length = req.headers['content-length'];
  if (length !== undefined && Number(length) !== link.size) throw new Refused(400, WRONG);
  const counts = sim.counters.counts.lfs;
  const counted = objectIn(counts, link.oid);
  const note = (bytes: number): void => {
    counted.bytesIn += bytes;
    counts.media.bytesIn += bytes;
  };
  try {
    await sim.lfsDisk.write(link.repositoryUuid, bounded(req, link.size, note), link);
    counted.uploads += 1;
  } catch (error) {
    throw error instanceof WrongBytes ? new Refused(400, WRONG) : error;
  }
}

const WRONG = 'The bytes are not those that were announced.';

async function* bounded(
  req: IncomingMessage,
  size: number,
  note: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let left = size;
  // What is refused is still read, or the client would never see the answer.
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    note(chunk.length);
    left -= chunk.length;
    if (left < 0) throw new WrongBytes();
    yield chunk;
  }
}

const verification = z.looseObject({ oid: z.string(), size: z.number() });
const LARGEST_VERIFICATION = 64 * 1024;

/** @throws Refused (404) where the object has not arrived */
export async function verifyObject(sim: Simulator, req: IncomingMessage, link: MediaLink): Promise<void> {
  const body = verification.safeParse(parseJson(await readBody(req, LARGEST_VERIFICATION)));
  if (!body.success || body.data.oid !== link.oid || body.data.size !== link.size)
    throw new Refused(422, 'This is not the object of the link.');
  const kept = await sim.lfsDisk.sizeOf(link.repositoryUuid, link.oid);
  if (kept !== link.size) throw new Refused(404, 'Object does not exist');
}
