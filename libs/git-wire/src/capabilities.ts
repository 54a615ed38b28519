import { AntipodeError } from '@antipode/errors';
import { FLUSH, packetText, readPackets, writePacket } from './pkt-line.js';

export interface CapabilityAdvertisement {
  readonly agent: string;
  readonly objectFormat: 'sha1' | 'sha256';
}

/**
 * What a v2 server says before anything else. gitprotocol-v2(5).
 *
 * Must name nothing that a stock primary lacks, except `filter` (which a server may ignore): what we
 * cannot answer is passed through with the very capabilities that the client learnt here. So no
 * sideband-all, though an answer with it is served where a client asks.
 */
export function writeCapabilityAdvertisement({ agent, objectFormat }: CapabilityAdvertisement): Buffer {
  const lines = [
    'version 2',
    `agent=${agent}`,
    'ls-refs=unborn',
    'fetch=shallow wait-for-done filter',
    'server-option',
    `object-format=${objectFormat}`,
  ];
  return Buffer.concat([...lines.map((line) => writePacket(`${line}\n`)), FLUSH]);
}

/**
 * The capabilities of a v2 server: name to value, '' where it has none. Takes the answer with and without
 * the "# service=" line of smart HTTP.
 *
 * @returns undefined where the answer is not version 2.
 * @throws AntipodeError `invalid` for bytes that are no advertisement.
 */
export function readCapabilityAdvertisement(bytes: Buffer): Map<string, string> | undefined {
  const lines: string[] = [];
  for (const packet of readPackets(bytes)) {
    if (packet.kind === 'data') lines.push(packetText(packet.data));
    else if (packet.kind !== 'flush')
      throw new AntipodeError('invalid', 'reading capabilities: unexpected marker');
  }
  if (lines[0]?.startsWith('# service=')) lines.shift();
  if (lines.shift() !== 'version 2') return undefined;
  return new Map(lines.map(readCapability));
}

/** "name=value" or "name". */
export function readCapability(text: string): [name: string, value: string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}
