import { AntipodeError } from '@antipode/errors';
import type { CommandRequest } from './command-request.js';
import { FLUSH, packetText, readPackets, writePacket } from './pkt-line.js';
import { isOid, type AdvertisedRef, type RefSet } from './refs.js';

/** The arguments of `ls-refs`. gitprotocol-v2(5). */
export interface LsRefsRequest {
  readonly peel: boolean;
  readonly symrefs: boolean;
  readonly unborn: boolean;
  /** Empty: every ref. Sorted, without duplicates and without prefixes that another one covers. */
  readonly prefixes: readonly string[];
}

/** git's own limit: a client that names more gets every ref, and filters by itself. */
const MOST_PREFIXES = 65536;
const PREFIX = 'ref-prefix ';

/** @throws AntipodeError `invalid` for an argument that git does not know either. */
export function readLsRefsRequest({ args }: Pick<CommandRequest, 'args'>): LsRefsRequest {
  const prefixes: string[] = [];
  const flags = { peel: false, symrefs: false, unborn: false };
  for (const arg of args) {
    if (arg.startsWith(PREFIX)) prefixes.push(arg.slice(PREFIX.length));
    else if (arg === 'peel' || arg === 'symrefs' || arg === 'unborn') flags[arg] = true;
    else throw new AntipodeError('invalid', 'reading ls-refs: unknown argument');
  }
  return { ...flags, prefixes: prefixes.length >= MOST_PREFIXES ? [] : canonical(prefixes) };
}

export function writeLsRefsArgs({ peel, symrefs, unborn, prefixes }: LsRefsRequest): string[] {
  const flags = [peel && 'peel', symrefs && 'symrefs', unborn && 'unborn'].filter((flag) => flag !== false);
  return [...flags, ...prefixes.map((prefix) => `${PREFIX}${prefix}`)];
}

/** Two requests with the same key have the same answer. */
export function lsRefsKey({ peel, symrefs, unborn, prefixes }: LsRefsRequest): string {
  // A ref prefix cannot hold a line feed that matters: no ref name has one.
  return `${peel ? 'p' : ''}${symrefs ? 's' : ''}${unborn ? 'u' : ''}\n${prefixes.join('\n')}`;
}

/** The answer, byte for byte what `git upload-pack` prints: HEAD first, then the matching refs by name. */
export function writeLsRefsAnswer(set: RefSet, request: LsRefsRequest): Buffer {
  const packets: Buffer[] = [];
  const head = headLine(set, request);
  if (head) packets.push(writePacket(head));
  for (const ref of matching(set.refs, request.prefixes)) {
    const peeled = request.peel && ref.peeled ? ` peeled:${ref.peeled}` : '';
    packets.push(writePacket(`${ref.oid} ${ref.name}${peeled}\n`));
  }
  return Buffer.concat([...packets, FLUSH]);
}

export interface LsRefsLine extends AdvertisedRef {
  readonly symrefTarget?: string;
}

export interface LsRefsAnswer {
  readonly refs: readonly LsRefsLine[];
  /** Where HEAD points although that branch has no commit yet. */
  readonly unbornHead?: string;
}

/** @throws AntipodeError `invalid` for bytes that are no answer to ls-refs. */
export function readLsRefsAnswer(bytes: Buffer): LsRefsAnswer {
  const refs: LsRefsLine[] = [];
  let unbornHead: string | undefined;
  for (const packet of readPackets(bytes)) {
    if (packet.kind === 'flush') break;
    if (packet.kind !== 'data') throw new AntipodeError('invalid', 'reading ls-refs: unexpected marker');
    const [oid = '', name = '', ...attributes] = packetText(packet.data).split(' ');
    const symrefTarget = attribute(attributes, 'symref-target:');
    const peeled = attribute(attributes, 'peeled:');
    if (oid === 'unborn') unbornHead = symrefTarget;
    else if (!isOid(oid) || name === '')
      throw new AntipodeError('invalid', 'reading ls-refs: no ref in a line');
    else
      refs.push({
        oid,
        name,
        ...(symrefTarget === undefined ? {} : { symrefTarget }),
        ...(peeled === undefined ? {} : { peeled }),
      });
  }
  return { refs, ...(unbornHead === undefined ? {} : { unbornHead }) };
}

const attribute = (attributes: readonly string[], key: string): string | undefined =>
  attributes.find((text) => text.startsWith(key))?.slice(key.length);

function headLine({ headOid, headTarget, refs }: RefSet, request: LsRefsRequest): string | undefined {
  if (!matches('HEAD', request.prefixes)) return undefined;
  const target = request.symrefs && headTarget ? ` symref-target:${headTarget}` : '';
  if (!headOid) return request.unborn && target ? `unborn HEAD${target}\n` : undefined;
  const peeled = request.peel ? refs.find((ref) => ref.name === headTarget)?.peeled : undefined;
  return `${headOid} HEAD${target}${peeled ? ` peeled:${peeled}` : ''}\n`;
}

const matches = (name: string, prefixes: readonly string[]): boolean =>
  prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix));

/** Refs are sorted by bytes and prefixes are disjoint, so each prefix is one run of refs found by bisection. */
function* matching(refs: readonly AdvertisedRef[], prefixes: readonly string[]): Iterable<AdvertisedRef> {
  if (prefixes.length === 0) yield* refs;
  for (const prefix of prefixes) {
    for (let i = firstAtOrAfter(refs, prefix); refs[i]?.name.startsWith(prefix); i += 1)
      yield refs[i] as AdvertisedRef;
  }
}

function firstAtOrAfter(refs: readonly AdvertisedRef[], name: string): number {
  let low = 0;
  let high = refs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (byBytes(refs[middle]?.name ?? '', name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** UTF-16 order is not byte order for names outside the basic plane; the snapshot is sorted by bytes. */
function byBytes(a: string, b: string): number {
  if (isAscii(a) && isAscii(b)) return a < b ? -1 : a > b ? 1 : 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

// eslint-disable-next-line no-control-regex -- the range of ASCII is what is meant
const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

function canonical(prefixes: readonly string[]): string[] {
  const kept: string[] = [];
  for (const prefix of [...new Set(prefixes)].sort(byBytes)) {
    const last = kept.at(-1);
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix);
  }
  // "ref-prefix " with nothing behind it covers everything, HEAD included.
  return kept[0] === '' ? [] : kept;
}
