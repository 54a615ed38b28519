/**
 * Which tips' history was looked through for large files, beside the snapshot (`antipode/lfs-scanned`):
 *
 *   antipode lfs-scanned 1
 *   6f1c…                              (one object id per line, sorted)
 *   sha256 <of every byte before this line>
 *
 * It only saves work: where it is lost or reads wrong, everything is looked through once more.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Oid } from '@antipode/domain';
import { replaceFile } from './durably.js';
import { OWN_FOLDER } from './layout.js';

const FIRST_LINE = 'antipode lfs-scanned 1\n';
const TRAILER_BYTES = 'sha256 '.length + 64 + 1;
const OID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

const scannedPath = (repository: string): string => join(repository, OWN_FOLDER, 'lfs-scanned');

/** @param repository the bare repository's folder. Undefined where nothing is known: never written, or rubbish. */
export async function readLfsScanned(repository: string): Promise<ReadonlySet<Oid> | undefined> {
  const file = await readFile(scannedPath(repository)).catch(() => undefined);
  if (!file || file.length < TRAILER_BYTES) return undefined;
  const body = file.subarray(0, file.length - TRAILER_BYTES);
  if (file.toString('latin1', body.length) !== trailer(body)) return undefined;
  const text = body.toString('latin1');
  const oids = text.slice(FIRST_LINE.length).split('\n').slice(0, -1);
  if (!text.startsWith(FIRST_LINE) || !oids.every((oid) => OID.test(oid))) return undefined;
  return new Set(oids);
}

/** Into a repository that is there. @throws AntipodeError `disk_full`; what was known before stays. */
export async function writeLfsScanned(repository: string, tips: Iterable<Oid>): Promise<void> {
  const lines = [...new Set(tips)].sort().map((oid) => `${oid}\n`);
  const body = Buffer.from(`${FIRST_LINE}${lines.join('')}`);
  await replaceFile(scannedPath(repository), Buffer.concat([body, Buffer.from(trailer(body), 'latin1')]));
}

const trailer = (body: Buffer): string => `sha256 ${createHash('sha256').update(body).digest('hex')}\n`;
