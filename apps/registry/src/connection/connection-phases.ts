import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { AuditStore, type AuditAction } from '../audit/audit.store.js';
import type { Initiator } from '../audit/initiator.js';
import type { Transaction } from '../repositories/repositories.store.js';
import { follow, type ConnectionEvent, type ConnectionPhase } from './connection-phase.js';
import { ConnectionStore, type ConnectionRow, type ConnectionUpdate } from './connection.store.js';

const ACTION: Record<ConnectionPhase, AuditAction> = {
  unconnected: 'connection.disconnected',
  connecting: 'connection.connecting',
  connected: 'connection.connected',
  suspended: 'connection.suspended',
  disconnecting: 'connection.disconnecting',
};

export interface Step {
  readonly event: ConnectionEvent;
  readonly by: Initiator;
  /** What changes with the phase. */
  readonly data?: ConnectionUpdate;
  /** For the log: what else people should know of it. */
  readonly told?: Readonly<Record<string, unknown>>;
}

/** The only way from phase to phase. */
@Injectable()
export class ConnectionPhases {
  constructor(
    private readonly audit: AuditStore,
    private readonly store: ConnectionStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @returns the new phase; undefined, and nothing is changed, where the event means nothing in the phase that it is. */
  async move(transaction: Transaction, step: Step): Promise<ConnectionPhase | undefined> {
    const row = await this.store.lock(transaction);
    const phase = follow(row.phase, step.event);
    if (!phase) return undefined;
    const moved = phase === row.phase ? {} : { phaseSince: new Date() };
    await this.store.update({ ...step.data, ...moved, phase }, transaction);
    await this.audit.add(transaction, {
      action: ACTION[phase],
      by: step.by,
      before: describe(row),
      after: { ...describe({ ...row, ...step.data, phase }), ...step.told },
    });
    this.logger.info({ from: row.phase, to: phase, event: step.event }, 'the connection');
    return phase;
  }
}

/** Without secrets. */
const describe = ({ phase, workspace, managedBy }: ConnectionRow): Record<string, unknown> => ({
  phase,
  workspace,
  managedBy,
});
