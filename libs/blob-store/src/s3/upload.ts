import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3';
import { AntipodeError } from '@antipode/errors';
import type { Blob } from '../blob-store.js';

const MIB = 1024 * 1024;

/** Each part is held in memory, so that it can be sent again; two of them at most. */
const PART_BYTES = 8 * MIB;

/** S3 knows no more, however small they are. */
const MAX_PARTS = 10_000;

export interface Target {
  readonly Bucket: string;
  readonly Key: string;
}

/**
 * Uploads a file, in parts where it is large. The bytes are hashed once more on their way: the S3 checks what it
 * received against each part's hash, and the object appears only where all parts together have the blob's.
 *
 * @throws AntipodeError `invalid` where the file holds other bytes; else whatever the SDK throws.
 */
export async function upload(
  s3: S3Client,
  to: Target,
  blob: Blob,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = signal ? { abortSignal: signal } : {};
  const file = await open(path, 'r');
  try {
    if (blob.size > PART_BYTES) await uploadInParts(s3, to, blob, file, options);
    else await uploadWhole(s3, to, blob, file, options);
  } finally {
    await file.close();
  }
}

interface SendOptions {
  readonly abortSignal?: AbortSignal;
}

async function uploadWhole(
  s3: S3Client,
  to: Target,
  blob: Blob,
  file: FileHandle,
  options: SendOptions,
): Promise<void> {
  const hash = createHash('sha256');
  const Body = await readPart(file, hash, 0, blob.size);
  const ChecksumSHA256 = requireSame(hash, blob);
  await s3.send(new PutObjectCommand({ ...to, Body, ContentType: OPAQUE, ChecksumSHA256 }), options);
}

async function uploadInParts(
  s3: S3Client,
  to: Target,
  blob: Blob,
  file: FileHandle,
  options: SendOptions,
): Promise<void> {
  const create = new CreateMultipartUploadCommand({
    ...to,
    ContentType: OPAQUE,
    ChecksumAlgorithm: 'SHA256',
  });
  const { UploadId } = await s3.send(create, options);
  const upload = { ...to, UploadId };
  try {
    const Parts = await sendParts(s3, upload, blob, file, options);
    await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }), options);
  } catch (error) {
    // Parts of nothing cost money until somebody notices. Not with the signal: it may be what ended us.
    await s3.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}

/** While one part is sent the next is read. */
async function sendParts(
  s3: S3Client,
  upload: Target & { UploadId: string | undefined },
  blob: Blob,
  file: FileHandle,
  options: SendOptions,
): Promise<CompletedPart[]> {
  const hash = createHash('sha256');
  const partBytes = Math.max(PART_BYTES, Math.ceil(blob.size / MAX_PARTS / MIB) * MIB);
  const parts: CompletedPart[] = [];
  let sending = Promise.resolve();
  for (let at = 0, PartNumber = 1; at < blob.size; at += partBytes, PartNumber++) {
    const Body = await readPart(file, hash, at, Math.min(partBytes, blob.size - at));
    await sending;
    const part = new UploadPartCommand({ ...upload, PartNumber, Body, ChecksumAlgorithm: 'SHA256' });
    sending = s3.send(part, options).then(({ ETag, ChecksumSHA256 }) => {
      parts.push({ PartNumber, ETag, ...(ChecksumSHA256 === undefined ? {} : { ChecksumSHA256 }) });
    });
    // It is waited for above or below; failing while the next part is read must not end the process.
    sending.catch(() => undefined);
  }
  await sending;
  requireSame(hash, blob);
  return parts;
}

/** @throws AntipodeError `invalid` where the file is shorter. */
async function readPart(file: FileHandle, hash: Hash, position: number, length: number): Promise<Buffer> {
  const part = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await file.read(part, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new AntipodeError('invalid', 'uploading a file that became shorter');
    filled += bytesRead;
  }
  hash.update(part);
  return part;
}

/** @returns the hash as S3 writes it. */
function requireSame(hash: Hash, { oid }: Blob): string {
  const digest = hash.digest();
  if (digest.toString('hex') !== oid)
    throw new AntipodeError('invalid', 'uploading a file with other bytes than its name says', { oid });
  return digest.toString('base64');
}

const OPAQUE = 'application/octet-stream';
