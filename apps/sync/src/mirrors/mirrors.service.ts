import { Inject, Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import type { Agent } from 'undici';
import { AntipodeError, isRefusal, toAntipodeError } from '@antipode/errors';
import type { RepositoryId, SelectedRepository } from '@antipode/domain';
import { MirrorDisk, MirrorWriter } from '@antipode/mirror-disk';
import type { Primary } from '@antipode/primary';
import { RepositoryTable } from '@antipode/rpc';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type SyncConfig } from '../config.js';
import { ConnectionService } from '../primary/connection.service.js';
import { RefsClient } from '../primary/refs-client.js';
import { SyncReportsService } from '../reports/sync-reports.service.js';
import { SyncMetrics } from '../reports/sync-metrics.js';
import { Mirror, type EndedRun, type MirrorSurroundings } from './mirror.js';
import type { MirrorOutcome } from './mirror-run.js';
import type { MirrorStatus } from './mirror-status.js';
import { unknownStatus } from './mirror-status.js';
import type { RefState } from './ref-state.js';

/** Injection token of the primary's adapter. */
export const PRIMARY = Symbol('PRIMARY');
/** Injection token of the connections to the primary. */
export const AGENT = Symbol('AGENT');

/** Every mirror repository of this node, and what can be done with one. */
@Injectable()
export class MirrorsService {
  private readonly mirrors = new Map<RepositoryId, Mirror>();
  /** What is being removed: nobody may build in a place that is still being cleared. */
  private readonly leaving = new Map<RepositoryId, Promise<void>>();
  private readonly refs: RefsClient;
  private readonly around: MirrorSurroundings;

  constructor(
    @Inject(CONFIG) config: SyncConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(PRIMARY) private readonly primary: Primary,
    @Inject(AGENT) agent: Agent,
    private readonly table: RepositoryTable,
    private readonly disk: MirrorDisk,
    private readonly writer: MirrorWriter,
    private readonly connection: ConnectionService,
    private readonly reports: SyncReportsService,
    private readonly metrics: SyncMetrics,
  ) {
    this.refs = new RefsClient(agent);
    this.around = this.surroundings(config);
  }

  all(): MirrorStatus[] {
    return [...this.mirrors.values()].map(({ status }) => status);
  }

  status(id: RepositoryId): MirrorStatus {
    return this.mirrors.get(id)?.status ?? unknownStatus(id);
  }

  /** Takes a selected repository into this node's care; what is on disk is learnt, nothing is fetched. */
  async adopt({ id }: SelectedRepository): Promise<MirrorStatus> {
    await this.leaving.get(id);
    const known = this.mirrors.get(id);
    if (known) return known.status;
    const mirror = new Mirror(id, this.around);
    this.mirrors.set(id, mirror);
    await mirror.load();
    return mirror.status;
  }

  /** How a selected repository is doing, also where we had not heard of it. @throws AntipodeError `not_found`. */
  async learn(id: RepositoryId): Promise<MirrorStatus> {
    const selected = this.table.get(id);
    if (!selected) throw new AntipodeError('not_found', 'looking for a selected repository', { id });
    return this.adopt(selected);
  }

  /**
   * Brings a mirror to a state that the primary had at `notBeforeMs` or later: the first clone, or an increment.
   *
   * @throws AntipodeError `not_found` where the repository is not selected; else why the run failed.
   */
  async bringUpToDate(id: RepositoryId, notBeforeMs: number): Promise<MirrorOutcome> {
    await this.learn(id);
    const mirror = this.mirrors.get(id);
    if (!mirror) throw new AntipodeError('not_found', 'syncing a repository that was just removed', { id });
    return mirror.bringUpToDate(notBeforeMs);
  }

  /** Stops serving a repository at once; its folder is deleted later. */
  remove(id: RepositoryId): Promise<void> {
    const mirror = this.mirrors.get(id);
    this.mirrors.delete(id);
    const gone = this.leave(id, mirror).finally(() => this.leaving.delete(id));
    this.leaving.set(id, gone);
    return gone;
  }

  /** Ends every run. The mirrors stay as they are. */
  async end(): Promise<void> {
    await Promise.all([...this.mirrors.values()].map((mirror) => mirror.end()));
  }

  private async leave(id: RepositoryId, mirror: Mirror | undefined): Promise<void> {
    await this.writer.remove(id);
    await mirror?.end();
    // A clone that was past its last look at the signal has put the repository back.
    await this.writer.remove(id);
    this.reports.report({ ...(mirror?.status ?? unknownStatus(id)), phase: 'removed' }, 'soon');
  }

  private surroundings(config: SyncConfig): MirrorSurroundings {
    const room = { clone: pLimit(config.CLONE_CONCURRENCY), sync: pLimit(config.SYNC_CONCURRENCY) };
    return {
      disk: this.disk,
      writer: this.writer,
      pinSeconds: config.PIN_SECONDS,
      stallMs: { clone: config.CLONE_STALL_SECONDS * 1000, sync: config.STALL_SECONDS * 1000 },
      url: (id) => this.url(id),
      ask: (id, signal) => this.ask(id, signal),
      authorization: () => this.connection.authorization(),
      whenThereIsRoom: (pool, work) => room[pool](work),
      changed: (status, when) => this.reports.report(status, when),
      ended: (run) => this.note(run),
    };
  }

  private url(id: RepositoryId): string {
    const selected = this.table.get(id);
    if (!selected) throw new AntipodeError('not_found', 'looking for a selected repository', { id });
    return this.primary.gitUrl(selected.path);
  }

  /** A refused credential may have been replaced in the registry: it is fetched anew, and tried once more if it changed. */
  private async ask(id: RepositoryId, signal: AbortSignal): Promise<RefState> {
    const url = this.url(id);
    const authorization = await this.connection.authorization();
    try {
      return await this.refs.ask({ url, authorization, signal });
    } catch (error) {
      const { code } = toAntipodeError(error, 'asking the primary for refs');
      if (!isRefusal(code)) throw error;
      this.connection.forget();
      const renewed = await this.connection.authorization();
      if (renewed === authorization) throw error;
      return this.refs.ask({ url, authorization: renewed, signal });
    }
  }

  private note({ id, tookMs, result }: EndedRun): void {
    this.metrics.ended({ tookMs, result });
    const about = { repository_id: id, path: this.table.get(id)?.path, took_ms: Math.round(tookMs) };
    if (result instanceof Error)
      this.logger.warn({ ...about, outcome: result.code, err: result }, 'sync failed');
    else
      this.logger[result.kind === 'unchanged' ? 'debug' : 'info'](
        { ...about, outcome: result.kind, ...facts(result) },
        'sync',
      );
  }
}

const facts = ({ epoch, receivedBytes }: MirrorOutcome): object => ({ epoch, received_bytes: receivedBytes });
