import { readFile } from 'node:fs/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { AntipodeError } from '@antipode/errors';
import type { S3Place } from './s3-place.js';

/** The SDK asks again five minutes before this is over. */
const SECRET_GOOD_FOR_MS = 15 * 60_000;

export function createS3Client(place: S3Place, endpoint = place.endpoint): S3Client {
  const { key } = place;
  return new S3Client({
    region: place.region,
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: place.addressing === 'path',
    ...(key ? { credentials: () => readKey(key) } : {}),
    // Without this the SDK adds CRC32 trailers to everything, which only Amazon understands. We send SHA-256.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: 5000,
      socketTimeout: 60_000,
      httpAgent: SOCKETS,
      httpsAgent: SOCKETS,
    },
  });
}

/** More than the SDK's 50: as many readers as there are downloads. */
const SOCKETS = { maxSockets: 512, keepAlive: true };

async function readKey(
  key: NonNullable<S3Place['key']>,
): Promise<{ accessKeyId: string; secretAccessKey: string; expiration: Date }> {
  const secret = await readFile(key.secretFile, 'utf8').catch((error: unknown) => {
    throw new AntipodeError(
      'service_unavailable',
      'reading the key of the object storage',
      { file: key.secretFile },
      { cause: error, hint: 'The storage for LFS objects has no readable key.' },
    );
  });
  return {
    accessKeyId: key.id,
    secretAccessKey: secret.trim(),
    expiration: new Date(Date.now() + SECRET_GOOD_FOR_MS),
  };
}
