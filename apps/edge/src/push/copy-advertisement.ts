import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { AntipodeError } from '@antipode/errors';
import { FLUSH, PacketReader, packetText } from '@antipode/git-wire';

const SERVICE_LINE = '# service=git-receive-pack';

/**
 * Copies an advertisement without the header that smart HTTP puts before it (gitprotocol-http(5)): a line with the
 * service's name and a flush.
 *
 * @throws AntipodeError `primary_misbehaved` where it is none, or was cut short.
 */
export async function copyAdvertisement(body: Readable, client: Writable): Promise<void> {
  const header = new PacketReader();
  let isBehindHeader = false;
  let tail: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      let bytes = chunk;
      if (!isBehindHeader) {
        header.push(chunk);
        if (!skipHeader(header)) continue;
        isBehindHeader = true;
        bytes = header.rest();
      }
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

/** True where the header has come whole. */
function skipHeader(reader: PacketReader): boolean {
  // Both packets or none: what was read once does not come again.
  if (reader.pendingBytes < SERVICE_LINE.length + 2 * FLUSH.length + 1) return false;
  const line = reader.next();
  if (line?.kind !== 'data' || packetText(line.data) !== SERVICE_LINE)
    throw new AntipodeError('primary_misbehaved', 'advertising for a push: no service line');
  return reader.next()?.kind === 'flush';
}
