import {
  PacketReader,
  packetText,
  readPackets,
  writePacket,
  FLUSH,
  DELIM,
  RESPONSE_END,
} from '@antipode/git-wire';

const MARKERS = { flush: FLUSH, delim: DELIM, 'response-end': RESPONSE_END } as const;

/**
 * A fetch without its filter. We offer filters; a primary that does not would refuse the request, while a
 * client takes objects that it did not ask for as what they are. gitprotocol-v2(5), gitprotocol-pack(5).
 */
export function withoutFilter(body: Buffer): Buffer {
  const kept: Buffer[] = [];
  for (const packet of readPackets(body)) {
    if (packet.kind !== 'data') kept.push(MARKERS[packet.kind]);
    else if (!packetText(packet.data).startsWith('filter ')) kept.push(writePacket(packet.data));
  }
  return Buffer.concat(kept);
}

/** True where the beginning of an advertisement, of any version, offers filters. */
export function offersFilter(beginning: Buffer): boolean {
  const reader = new PacketReader();
  reader.push(beginning);
  for (let packet = reader.next(); packet; packet = reader.next()) {
    const text = packet.kind === 'data' ? packetText(packet.data) : '';
    if (text.startsWith('fetch=')) return text.slice('fetch='.length).split(' ').includes('filter');
    if (text.includes('\0')) return (text.split('\0')[1] ?? '').split(' ').includes('filter');
  }
  return false;
}
