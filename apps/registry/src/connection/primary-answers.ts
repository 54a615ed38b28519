import { Injectable } from '@nestjs/common';
import type { AntipodeError } from '@antipode/errors';
import { MIRROR } from '../audit/initiator.js';
import { ConnectionPhases } from './connection-phases.js';
import { ConnectionStore, type ConnectionRow } from './connection.store.js';

/** Two refusals closer than this are one: hosts have hiccups in which they know nobody. */
const SECOND_LOOK_MS = 3000;

/** What the primary's answers mean for the connection. */
@Injectable()
export class PrimaryAnswers {
  constructor(
    private readonly phases: ConnectionPhases,
    private readonly store: ConnectionStore,
  ) {}

  async accepted(): Promise<void> {
    const fresh = { checkedAt: new Date(), errorCode: null, error: null, refusedSince: null };
    const { phase } = await this.store.read();
    if (phase !== 'connecting' && phase !== 'suspended') return this.store.update(fresh);
    await this.store.change((transaction) =>
      this.phases.move(transaction, { event: 'accepted', by: MIRROR, data: fresh }),
    );
  }

  async failed(error: AntipodeError): Promise<void> {
    const message = error.hint ?? error.message;
    const seen = { checkedAt: new Date(), errorCode: error.code, error: message };
    if (!isRefusal(error)) {
      // Whoever does not answer takes nothing back; a refusal before it still counts.
      return this.store.update(seen);
    }
    await this.store.change(async (transaction) => {
      const row = await this.store.lock(transaction);
      const refused = { ...seen, refusedSince: row.refusedSince ?? new Date() };
      const told = { reason: message };
      const moved = isSecondLook(row)
        ? await this.phases.move(transaction, { event: 'refused', by: MIRROR, data: refused, told })
        : undefined;
      if (!moved) await this.store.update(refused, transaction);
    });
  }
}

/** Of the connection's credential. */
export const isRefusal = ({ code }: AntipodeError): boolean =>
  code === 'unauthenticated' || code === 'denied';

const isSecondLook = ({ refusedSince }: ConnectionRow): boolean =>
  refusedSince !== null && Date.now() - refusedSince.getTime() >= SECOND_LOOK_MS;
