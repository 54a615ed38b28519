import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import { News } from '../knowledge/news.js';
import { WantedStore, type Counts } from '../knowledge/wanted.store.js';
import { SelectedRepositories } from '../registry/selected-repositories.js';
import { Arrivals } from '../objects/arrivals.js';
import { Bell } from './bell.js';
import { Claims } from './claims.js';

/** As often as an eye can follow. */
const LEAST_MS = 250;
/** Counting must not be what the database does most. */
const COUNTING_SHARE = 10;
/** Others may have done the work: an instance that shares the store tells us nothing. */
const LOOK_MS = 2000;

/** Tells how the bringing of a repository's objects goes on. */
@Injectable()
export class FillProgress implements OnModuleDestroy {
  private readonly closing = new AbortController();

  constructor(
    private readonly wanted: WantedStore,
    private readonly selected: SelectedRepositories,
    private readonly news: News,
    private readonly claims: Claims,
    private readonly arrivals: Arrivals,
  ) {}

  /** Before the gRPC server waits for its calls to end. */
  onModuleDestroy(): void {
    this.closing.abort();
  }

  /**
   * The counts as they change, with the bytes of what is just arriving among those that are here; ends when each wanted object was tried at least once, or none is left, and at once where
   * nothing is brought before somebody asks for it.
   *
   * @throws AntipodeError `service_unavailable` where this process ends first.
   */
  async *follow(repositoryId: string, signal: AbortSignal): AsyncGenerator<Counts> {
    const either = AbortSignal.any([signal, this.closing.signal]);
    const bell = new Bell();
    const ring = (id: string): void => void (id === repositoryId && bell.ring());
    this.news.on('changed', ring);
    try {
      let told = '';
      while (!either.aborted) {
        const startedAt = Date.now();
        const counts = this.withArriving(repositoryId, await this.count(repositoryId));
        const text = JSON.stringify(counts);
        if (counts && text !== told) yield counts;
        told = text;
        if (counts && (counts.missing <= counts.failed || !this.selected.prefetches(repositoryId))) return;
        const pauseMs = Math.max(LEAST_MS, (Date.now() - startedAt) * COUNTING_SHARE);
        await sleep(pauseMs, undefined, { signal: either }).catch(() => undefined);
        await bell.wait(LOOK_MS, either);
      }
    } finally {
      this.news.off('changed', ring);
    }
    if (!signal.aborted) throw new AntipodeError('service_unavailable', 'following the bringing of objects');
  }

  /** One huge object shall not stand still. */
  private withArriving(repositoryId: string, counts: Counts | undefined): Counts | undefined {
    if (!counts) return undefined;
    let bytes = 0;
    for (const { oid } of this.claims.inHandOf(repositoryId)) bytes += this.arrivals.arrived(oid);
    // What has just been counted as here may still be in hand.
    const arriving = Math.min(bytes, counts.missingBytes);
    return {
      ...counts,
      presentBytes: counts.presentBytes + arriving,
      missingBytes: counts.missingBytes - arriving,
    };
  }

  /** With the database away for a moment, who waits goes on waiting. */
  private async count(repositoryId: string): Promise<Counts | undefined> {
    try {
      return await this.wanted.counts(repositoryId);
    } catch (error) {
      if (isAntipodeError(error) && error.code === 'service_unavailable') return undefined;
      throw error;
    }
  }
}
