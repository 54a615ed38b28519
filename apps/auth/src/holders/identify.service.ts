import { Inject, Injectable } from '@nestjs/common';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import { Database } from '../database/database.js';
import { addressBlock } from '@antipode/http-door';
import { UNKNOWN_KEYS } from '../limits/limits.js';
import type { FailureLimit } from '../limits/failure-limit.js';
import { fingerprintOf } from './fingerprint.js';
import { KeyHolders, type Identified } from './key-holders.js';
import { KeyMetrics } from './key-metrics.js';

const LARGEST_KEY_BYTES = 8192;

/**
 * Whose SSH key is this? Answered from what was read of the primary before: a key that nobody here has costs no call to
 * the primary. A key is only a claim: whoever asks has the signature checked.
 */
@Injectable()
export class IdentifyService {
  constructor(
    @Inject(UNKNOWN_KEYS) private readonly limit: FailureLimit,
    private readonly database: Database,
    private readonly holders: KeyHolders,
    private readonly metrics: KeyMetrics,
  ) {}

  /**
   * @throws AntipodeError `invalid`, `too_many_failures`; `service_unavailable`, `primary_*` where there is no telling.
   */
  async identify(publicKey: Uint8Array, clientAddress: string): Promise<Identified | undefined> {
    if (publicKey.length === 0 || publicKey.length > LARGEST_KEY_BYTES)
      throw new AntipodeError('invalid', 'reading a public key', { bytes: publicKey.length });
    if (!this.database.isConfigured) return undefined;
    const fingerprint = fingerprintOf(publicKey);
    try {
      const found = await this.holders.find(fingerprint);
      if (!found) await this.countUnknown(clientAddress);
      this.metrics.offered(found?.holder.kind ?? 'unknown');
      return found;
    } catch (error) {
      const known = toAntipodeError(error, 'identifying a key');
      this.metrics.offered(known.code === 'too_many_failures' ? 'limited' : 'failed');
      throw known;
    }
  }

  /** Known keys are answered also at the limit: a colleague's full agent does not lock out those who are at work. */
  private async countUnknown(clientAddress: string): Promise<void> {
    const isCounted = (): boolean => true;
    await this.limit.guard(addressBlock(clientAddress), () => Promise.resolve(), isCounted);
  }
}
