import { createHash } from 'node:crypto';
import type { RepositoryId, RepositoryPath } from '@antipode/domain';

/** Our own namespace; it must never change, or every mirror would be cloned anew. */
const NAMESPACE = Buffer.from('6f1b1c0e6a3f4f5e9b0c3a9d52e7c814', 'hex');

/** A UUID version 5 (RFC 9562) of the path: the same repository on every node, and after every restart. */
export function identifyByPath(path: RepositoryPath): RepositoryId {
  const bytes = createHash('sha1').update(NAMESPACE).update(path, 'utf8').digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
