import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { AntipodeError } from '@antipode/errors';
import { FLUSH } from '@antipode/git-wire';
import { withoutServiceLine } from '../ssh/service-line.js';

/**
 * Copies an advertisement, without what only HTTP has of it, to a client who waits for it over SSH.
 *
 * @throws AntipodeError `primary_misbehaved` where it is none, or was cut short; `cancelled`.
 */
export async function copyAdvertisement(body: Readable, client: Writable): Promise<void> {
  let tail: Buffer = Buffer.alloc(0);
  try {
    for await (const bytes of withoutServiceLine(body) as AsyncIterable<Buffer>) {
      tail = Buffer.concat([tail, bytes.subarray(-FLUSH.length)]).subarray(-FLUSH.length);
      if (bytes.length > 0 && !client.write(bytes))
        await Promise.race([once(client, 'drain'), once(client, 'close')]);
      if (client.destroyed)
        throw new AntipodeError('cancelled', 'advertising for a push: the client is gone');
    }
  } catch (error) {
    if (error instanceof AntipodeError && error.code === 'cancelled') throw error;
    throw new AntipodeError('primary_misbehaved', 'advertising for a push', {}, { cause: error });
  }
  if (!tail.equals(FLUSH)) throw new AntipodeError('primary_misbehaved', 'advertising for a push: cut short');
}
