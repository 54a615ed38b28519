import { AntipodeError } from '@antipode/errors';
import { readCapability } from './capabilities.js';
import { FLUSH, packetText, readPackets, writePacket } from './pkt-line.js';
import { isOid, type AdvertisedRef, type RefSet } from './refs.js';

export interface AdvertisementOptions {
  readonly version: 0 | 1;
  readonly agent: string;
}

/** Smart HTTP begins every v0 and v1 advertisement with the service's name. gitprotocol-http(5). */
export const writeServiceHeader = (service: string): Buffer =>
  Buffer.concat([writePacket(`# service=${service}\n`), FLUSH]);

/** The capabilities of git's own upload-pack for a stateless client, in its order. gitprotocol-capabilities(5). */
const CAPABILITIES =
  'multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not deepen-relative ' +
  'no-progress include-tag multi_ack_detailed allow-tip-sha1-in-want no-done';

/** The v0 or v1 advertisement of upload-pack, without the service header. gitprotocol-pack(5). */
export function writeAdvertisement(set: RefSet, { version, agent }: AdvertisementOptions): Buffer {
  const symref = set.headOid && set.headTarget ? ` symref=HEAD:${set.headTarget}` : '';
  const capabilities = `${CAPABILITIES}${symref} filter object-format=${set.objectFormat} agent=${agent}`;
  const packets = version === 1 ? [writePacket('version 1\n')] : [];
  const [first, ...others] = lines(set);
  packets.push(writePacket(`${first ?? noRefs(set)}\0${capabilities}\n`));
  for (const line of others) packets.push(writePacket(`${line}\n`));
  return Buffer.concat([...packets, FLUSH]);
}

const noRefs = (set: RefSet): string =>
  `${'0'.repeat(set.objectFormat === 'sha1' ? 40 : 64)} capabilities^{}`;

function* lines({ headOid, headTarget, refs }: RefSet): Iterable<string> {
  const head = headOid && {
    name: 'HEAD',
    oid: headOid,
    peeled: refs.find(({ name }) => name === headTarget)?.peeled,
  };
  for (const { oid, name, peeled } of head ? [head, ...refs] : refs) {
    yield `${oid} ${name}`;
    if (peeled) yield `${peeled} ${name}^{}`;
  }
}

export interface Advertisement {
  readonly version: 0 | 1;
  readonly capabilities: ReadonlyMap<string, string>;
  readonly headTarget?: string;
  /** HEAD included, in the order of the wire. */
  readonly refs: readonly AdvertisedRef[];
}

/**
 * Reads a v0 or v1 advertisement, with or without the service header.
 *
 * @throws AntipodeError `invalid` for bytes that are none.
 */
export function readAdvertisement(bytes: Buffer): Advertisement {
  const lines: Buffer[] = [];
  for (const packet of readPackets(bytes)) {
    if (packet.kind === 'data') lines.push(packet.data);
    else if (packet.kind !== 'flush')
      throw new AntipodeError('invalid', 'reading an advertisement: unexpected marker');
  }
  if (lines[0]?.toString('latin1', 0, 10) === '# service=') lines.shift();
  const version = lines[0] && packetText(lines[0]) === 'version 1' ? 1 : 0;
  if (version === 1) lines.shift();
  const [first = '', told = ''] = lines[0] ? packetText(lines[0]).split('\0') : [];
  const names = told.split(' ').filter((text) => text !== '');
  const headTarget = names.find((text) => text.startsWith('symref=HEAD:'))?.slice('symref=HEAD:'.length);
  const refs = readRefLines([first, ...lines.slice(1).map(packetText)]);
  return {
    version,
    capabilities: new Map(names.map(readCapability)),
    refs,
    ...(headTarget === undefined ? {} : { headTarget }),
  };
}

function readRefLines(lines: readonly string[]): AdvertisedRef[] {
  const refs = new Map<string, AdvertisedRef>();
  for (const line of lines) {
    const [oid = '', ...rest] = line.split(' ');
    const name = rest.join(' ');
    if (!isOid(oid) || name === '')
      throw new AntipodeError('invalid', 'reading an advertisement: no ref in a line');
    const tag = name.endsWith('^{}') ? refs.get(name.slice(0, -3)) : undefined;
    if (tag) refs.set(tag.name, { ...tag, peeled: oid });
    else if (name !== 'capabilities^{}') refs.set(name, { name, oid });
  }
  return [...refs.values()];
}
