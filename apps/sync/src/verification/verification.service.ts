import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { RepositoryId, SyncProgress } from '@antipode/domain';
import { toAntipodeError } from '@antipode/errors';
import { checkConnectivity, findSpoiltFile } from '@antipode/git-process';
import { MirrorWriter } from '@antipode/mirror-disk';
import type { RepositoryJob } from '@antipode/queues';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type SyncConfig } from '../config.js';
import { SyncQueues } from '../jobs/sync-queues.js';
import { MirrorsService } from '../mirrors/mirrors.service.js';
import type { Verification } from '../mirrors/verification.js';

type Kind = Verification['kind'];

const SPOILT = 'Objects are missing or spoilt';

/**
 * Looks mirror repositories through, and clones them anew, when somebody asks for it.
 *
 *   compare refs with the primary, and with the disk ─▶ rewrite what strayed
 *   ─▶ check packs and indexes by their checksums, walk everything that refs hold ─▶ whole: done
 *                                                                             └─▶ else clone anew (another pool)
 */
@Injectable()
export class VerificationService implements BeforeApplicationShutdown {
  private readonly ending = new AbortController();

  constructor(
    @Inject(CONFIG) private readonly config: SyncConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly writer: MirrorWriter,
    private readonly mirrors: MirrorsService,
    private readonly queues: SyncQueues,
  ) {}

  /** What is not finished begins anew after the next start: its job is still in the queue. */
  beforeApplicationShutdown(): void {
    this.ending.abort();
  }

  /** Never fails, unless the service ends: whoever asked reads the outcome, and asks again. */
  async verify({ repositoryId: id, requestedAtMs }: RepositoryJob): Promise<void> {
    if (!(await this.begin(id, { kind: 'verify', requestedAtMs }, 'Comparing with the primary.'))) return;
    try {
      const restored = await this.restoreRefs(id);
      await this.note(id, { kind: 'verify', state: 'running' }, 'Looking through all objects.');
      const damage = restored === undefined ? 'refs cannot be read' : await this.findDamage(id);
      if (damage !== undefined) return await this.cloneAnew(id, damage);
      await this.note(
        id,
        { kind: 'verify', state: restored ? 'repaired' : 'ok' },
        sayRestored(restored ?? 0),
      );
    } catch (error) {
      await this.fail(id, 'verify', error);
      if (this.ending.signal.aborted) throw error;
    }
  }

  /** @throws AntipodeError why it failed: the queue tries it again, with growing waits. */
  async reclone({ repositoryId: id, reason, requestedAtMs }: RepositoryJob): Promise<void> {
    const why = reason === 'damage' ? `${SPOILT}: cloning anew` : 'Cloning anew';
    if (!(await this.begin(id, { kind: 'reclone', requestedAtMs }, `${why}.`))) return;
    try {
      const told = new Set<string>();
      const onProgress = ({ step, percent }: SyncProgress): void => {
        const message = `${why}: ${step}, ${Math.floor(percent / 5) * 5} %.`;
        if (told.has(message)) return;
        told.add(message);
        this.mirrors.notePassing(id, { kind: 'reclone', state: 'running', atMs: Date.now(), message });
      };
      await this.mirrors.reclone(id, onProgress);
      const done = reason === 'damage' ? `${SPOILT}: it was cloned anew.` : 'It was cloned anew.';
      await this.note(id, { kind: 'reclone', state: 'repaired' }, done);
    } catch (error) {
      await this.fail(id, 'reclone', error);
      throw error;
    }
  }

  /** False where there is nothing to do: not selected any more, or done by one who was killed before it could say so. */
  private async begin(
    id: RepositoryId,
    { kind, requestedAtMs }: { kind: Kind; requestedAtMs: number },
    message: string,
  ): Promise<boolean> {
    if (!this.mirrors.isSelected(id)) return false;
    const { epoch, verification } = await this.mirrors.learn(id);
    const isDone = verification?.kind === kind && verification.atMs > requestedAtMs;
    if (isDone && (verification.state === 'ok' || verification.state === 'repaired')) return false;
    if (kind === 'verify' && epoch === 0) {
      const hint = 'There is nothing to look through: it has not been cloned yet.';
      await this.note(id, { kind, state: 'failed' }, hint);
      return false;
    }
    await this.note(id, { kind, state: 'running' }, message);
    return true;
  }

  /** How many refs had strayed; undefined where git cannot even read them. */
  private async restoreRefs(id: RepositoryId): Promise<number | undefined> {
    try {
      return await this.mirrors.restoreRefs(id);
    } catch (error) {
      if (toAntipodeError(error, 'restoring refs').code === 'mirror_damaged') return undefined;
      throw error;
    }
  }

  private async findDamage(id: RepositoryId): Promise<string | undefined> {
    const first = await this.lookThrough(id);
    // Maintenance may have moved something while we looked: what is damaged is so a second time.
    return first === undefined ? undefined : this.lookThrough(id);
  }

  private async lookThrough(id: RepositoryId): Promise<string | undefined> {
    const repository = this.writer.disk.repositoryPath(id);
    const stallMs = this.config.CLONE_STALL_SECONDS * 1000;
    let damage: string | undefined;
    await this.mirrors.maintain(id, async (leaving) => {
      const signal = AbortSignal.any([leaving, this.ending.signal]);
      const objectFormat = (await this.writer.disk.readSnapshot(id))?.objectFormat ?? 'sha1';
      damage =
        (await findSpoiltFile(repository, { objectFormat, signal })) ??
        (await checkConnectivity(repository, { stallMs, signal }));
    });
    return damage;
  }

  private async cloneAnew(id: RepositoryId, damage: string): Promise<void> {
    this.logger.error({ repository_id: id, damage }, 'a mirror repository is damaged; cloning it anew');
    await this.queues.requestReclone(id, 'damage');
    await this.note(id, { kind: 'verify', state: 'running' }, `${SPOILT}: it is about to be cloned anew.`);
  }

  private async fail(id: RepositoryId, kind: Kind, error: unknown): Promise<void> {
    const { code, hint, message } = toAntipodeError(error, 'verifying a mirror');
    this.logger.warn({ repository_id: id, kind, code, err: error }, 'verification failed');
    // A service that ends leaves it as it is: it goes on after the next start.
    if (this.ending.signal.aborted) return;
    await this.note(id, { kind, state: 'failed' }, hint ?? `${message} (${code}).`);
  }

  private async note(
    id: RepositoryId,
    about: Pick<Verification, 'kind' | 'state'>,
    message: string,
  ): Promise<void> {
    await this.mirrors.note(id, { ...about, atMs: Date.now(), message });
    if (about.state !== 'running') this.logger.info({ repository_id: id, ...about, message }, 'verification');
  }
}

const sayRestored = (restored: number): string =>
  restored === 0
    ? 'All refs and objects are as they should be.'
    : `${restored} ${restored === 1 ? 'ref was' : 'refs were'} not as published; all are as they should be again.`;
