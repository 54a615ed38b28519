/**
 * The file format of a snapshot: text, so that a person can read what is being served.
 *
 *   antipode snapshot 1
 *   format sha1
 *   epoch 12
 *   head refs/heads/main 6f1c…         ("-" for what is not there: detached, unborn)
 *   refs 2
 *   6f1c… refs/heads/main
 *   9a00… refs/tags/v1 6f1c…           (third field: the peeled object)
 *   sha256 <of every byte before this line>
 *
 * A ref's name contains no space and no control character (git-check-ref-format(1)), so a space separates.
 */
import { createHash } from 'node:crypto';
import { AntipodeError } from '@antipode/errors';
import { compareBytes } from './byte-order.js';
import type { Snapshot, SnapshotRef } from './snapshot.js';

const FIRST_LINE = 'antipode snapshot 1\n';
const TRAILER_BYTES = 'sha256 '.length + 64 + 1;
const HEX_LENGTH = { sha1: 40, sha256: 64 } as const;
const ABSENT = '-';

/** @throws AntipodeError `internal` where the refs are unsorted or could not be read back: a bug of the caller. */
export function writeSnapshotText(snapshot: Snapshot): Buffer {
  requireWritable(snapshot);
  const lines = snapshot.refs.map(({ oid, name, peeled }) =>
    peeled ? `${oid} ${name} ${peeled}\n` : `${oid} ${name}\n`,
  );
  const body = Buffer.from(
    `${FIRST_LINE}format ${snapshot.objectFormat}\nepoch ${snapshot.epoch}\n` +
      `head ${snapshot.headTarget ?? ABSENT} ${snapshot.headOid ?? ABSENT}\nrefs ${lines.length}\n${lines.join('')}`,
  );
  return Buffer.concat([body, Buffer.from(`sha256 ${digest(body)}\n`)]);
}

/**
 * Reads a snapshot whole or not at all.
 *
 * @throws AntipodeError `mirror_damaged` where the file is truncated, altered, or of a version that we do not know.
 */
export function readSnapshotText(file: Buffer): Snapshot {
  const end = file.length - TRAILER_BYTES;
  if (end < 0) throw damaged('shorter than its trailer');
  // One byte more than asked must not be there either: the trailer is the file's end.
  const body = file.subarray(0, end);
  if (file.toString('latin1', end) !== `sha256 ${digest(body)}\n`) throw damaged('checksum does not match');
  return readBody(body.toString('utf8'));
}

const digest = (body: Buffer): string => createHash('sha256').update(body).digest('hex');

const damaged = (problem: string): AntipodeError =>
  new AntipodeError('mirror_damaged', 'reading a snapshot', { problem });

const HEAD_OF_FILE =
  /^antipode snapshot 1\nformat (sha1|sha256)\nepoch (\d{1,15})\nhead (\S+) (\S+)\nrefs (\d{1,9})\n/;

function readBody(text: string): Snapshot {
  const header = HEAD_OF_FILE.exec(text);
  if (!header) throw damaged('unknown header');
  // The expression has exactly five groups.
  const [whole, format, epoch, target, oid, count] = header as unknown as [
    string,
    'sha1' | 'sha256',
    string,
    string,
    string,
    string,
  ];
  const refs = readRefs(text, whole.length, HEX_LENGTH[format]);
  if (refs.length !== Number(count)) throw damaged('number of refs does not match');
  return {
    epoch: Number(epoch),
    objectFormat: format,
    headTarget: target === ABSENT ? undefined : target,
    headOid: oid === ABSENT ? undefined : oid,
    refs,
  };
}

/** By positions rather than by split: a hundred thousand refs cost tens of milliseconds, not hundreds. */
function readRefs(text: string, start: number, hex: number): SnapshotRef[] {
  const refs: SnapshotRef[] = [];
  let at = start;
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    if (end < at + hex + 2 || text.charCodeAt(at + hex) !== 0x20) throw damaged('malformed ref line');
    const oid = text.slice(at, at + hex);
    const gap = text.charCodeAt(end - hex - 1) === 0x20 ? end - hex - 1 : -1;
    refs.push(
      gap > at + hex
        ? { name: text.slice(at + hex + 1, gap), oid, peeled: text.slice(gap + 1, end) }
        : { name: text.slice(at + hex + 1, end), oid },
    );
    at = end + 1;
  }
  return refs;
}

function requireWritable({ refs, epoch, objectFormat, headTarget, headOid }: Snapshot): void {
  const oid = new RegExp(`^[0-9a-f]{${HEX_LENGTH[objectFormat]}}$`);
  const isOid = (value: string | undefined): boolean => value === undefined || oid.test(value);
  const problem = (text: string, name?: string): AntipodeError =>
    new AntipodeError('internal', 'writing a snapshot', { problem: text, name });
  if (!Number.isSafeInteger(epoch) || epoch < 1) throw problem('epoch is not a positive number');
  if (headTarget !== undefined && !isName(headTarget)) throw problem('malformed target of HEAD', headTarget);
  if (!isOid(headOid)) throw problem('malformed object id of HEAD');
  refs.forEach((ref, i) => {
    const before = refs[i - 1];
    if (!isName(ref.name) || !oid.test(ref.oid) || !isOid(ref.peeled))
      throw problem('malformed ref', ref.name);
    if (before && compareBytes(before.name, ref.name) >= 0) throw problem('refs are not sorted', ref.name);
  });
}

/** What the format needs of a name; the rest of git-check-ref-format(1) is git's to judge. */
// eslint-disable-next-line no-control-regex -- control characters are exactly what must not be there
const isName = (name: string): boolean => /^refs\/[^\x00-\x20\x7f]+$/.test(name) && name.isWellFormed();
