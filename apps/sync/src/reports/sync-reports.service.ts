import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { registry } from '@antipode/contracts';
import type { MirrorPhase, RepositoryId } from '@antipode/domain';
import { callUnary } from '@antipode/rpc';
import { CONFIG, type SyncConfig } from '../config.js';
import type { MirrorStatus } from '../mirrors/mirror-status.js';
import type { Verification } from '../mirrors/verification.js';
import { REGISTRY } from '../primary/connection.service.js';

/** Four times a second is what an eye can follow. */
const SOON_MS = 250;
/** For what nobody watches: that an unchanged mirror was confirmed once more. */
const LATER_MS = 5000;
const TIMEOUT_MS = 5000;
const MOST_REPORTS = 500;

const PHASES: Readonly<Record<MirrorPhase, registry.SyncPhase>> = {
  absent: registry.SyncPhase.SYNC_PHASE_ABSENT,
  cloning: registry.SyncPhase.SYNC_PHASE_CLONING,
  ready: registry.SyncPhase.SYNC_PHASE_READY,
  syncing: registry.SyncPhase.SYNC_PHASE_SYNCING,
  failing: registry.SyncPhase.SYNC_PHASE_FAILING,
  removed: registry.SyncPhase.SYNC_PHASE_REMOVED,
};

/** Tells the registry how mirrors are doing: the newest word about each, in batches. Nothing waits for it. */
@Injectable()
export class SyncReportsService implements OnApplicationShutdown {
  private readonly untold = new Map<RepositoryId, MirrorStatus>();
  private timer: { handle: NodeJS.Timeout; atMs: number } | undefined;
  private sending: Promise<void> = Promise.resolve();

  constructor(
    @Inject(REGISTRY) private readonly registryClient: registry.RegistryServiceClient,
    @Inject(CONFIG) private readonly config: SyncConfig,
  ) {}

  report(status: MirrorStatus, when: 'soon' | 'later'): void {
    this.untold.set(status.id, status);
    this.schedule(when === 'soon' ? SOON_MS : LATER_MS);
  }

  /** After everything that ran has ended and had its last word. */
  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer?.handle);
    await this.sending;
    await this.flush();
    clearTimeout(this.timer?.handle);
  }

  private schedule(delayMs: number): void {
    const atMs = Date.now() + delayMs;
    if (this.timer && this.timer.atMs <= atMs) return;
    clearTimeout(this.timer?.handle);
    const handle = setTimeout(() => {
      this.timer = undefined;
      this.sending = this.sending.then(() => this.flush());
    }, delayMs);
    // Reports alone keep no process alive.
    handle.unref();
    this.timer = { handle, atMs };
  }

  private async flush(): Promise<void> {
    const batch = [...this.untold.values()].slice(0, MOST_REPORTS);
    if (batch.length === 0) return;
    for (const { id } of batch) this.untold.delete(id);
    const reports = batch.map(asReport);
    try {
      await callUnary(
        this.registryClient,
        'reportSync',
        { node: this.config.ANTIPODE_NODE, reports },
        { timeoutMs: TIMEOUT_MS },
      );
    } catch {
      // The registry is away; what is newer by the time it is back wins.
      for (const status of batch) if (!this.untold.has(status.id)) this.untold.set(status.id, status);
      return this.schedule(LATER_MS);
    }
    if (this.untold.size > 0) this.schedule(SOON_MS);
  }
}

function asReport(status: MirrorStatus): registry.SyncReport {
  const { error, progress, verification } = status;
  return {
    repositoryId: status.id,
    phase: PHASES[status.phase],
    epoch: status.epoch,
    confirmedAtMs: status.confirmedAtMs,
    progress: progress && {
      step: progress.step,
      percent: Math.round(progress.percent),
      receivedBytes: progress.receivedBytes,
    },
    error: error ? (error.hint ?? error.message) : '',
    errorCode: error?.code ?? '',
    sizeBytes: status.sizeBytes,
    receivedBytesTotal: status.receivedBytesTotal,
    reportedAtMs: Date.now(),
    verification: verification && asVerification(verification),
  };
}

const VERIFICATION: Readonly<Record<Verification['state'], registry.VerificationState>> = {
  running: registry.VerificationState.VERIFICATION_STATE_RUNNING,
  ok: registry.VerificationState.VERIFICATION_STATE_OK,
  repaired: registry.VerificationState.VERIFICATION_STATE_REPAIRED,
  failed: registry.VerificationState.VERIFICATION_STATE_FAILED,
};

const asVerification = ({ state, atMs, message }: Verification): registry.Verification => ({
  state: VERIFICATION[state],
  atMs,
  message,
});
