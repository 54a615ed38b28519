import { LFS_MEDIA_TYPE, type LfsObject } from '@antipode/lfs-wire';
import type { StorageClient } from '../objects/storage-client.js';
import { readOutcome, type PrimaryOutcome } from './primary-outcome.js';
import type { PrimaryAction } from './sealed-action.js';

/** Asks the primary whether it has what was uploaded. Spec: git-lfs docs/api/basic-transfers.md, "Verification". */
export class Verifications {
  constructor(private readonly storage: Pick<StorageClient, 'send'>) {}

  /** @throws AntipodeError `primary_*`, `cancelled`. */
  async relay({ oid, size }: LfsObject, action: PrimaryAction, signal: AbortSignal): Promise<PrimaryOutcome> {
    const headers = { accept: LFS_MEDIA_TYPE, 'content-type': LFS_MEDIA_TYPE };
    const body = JSON.stringify({ oid, size });
    return readOutcome(await this.storage.send(action, { method: 'POST', headers, body }, signal));
  }
}
