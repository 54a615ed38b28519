import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import type { RepositoryId } from '@antipode/domain';
import { isRefusal, toAntipodeError } from '@antipode/errors';
import type { Sight, Viewer } from '../people/viewer.js';
import { Viewers } from '../people/viewers.js';
import { MirroredRepositories } from '../repositories/mirrored-repositories.js';
import { EventsStore, type EventRow } from './events.store.js';
import type { Follow, Follower } from './follower.js';
import { LiveView } from './live-view.js';
import { requireRoom } from './require-room.js';
import { tellOf, type ToldRepository } from './told-repository.js';

const PAGE = 200;
/** So many are asked who they are in one turn. */
const CHECKS_PER_TURN = 20;
/** So many views of the whole are counted in one turn. */
const VIEWS_PER_TURN = 10;
/** So many read from the database at the same time: after a restart all of them come at once. */
const READS_AT_ONCE = 3;

/** Everybody who follows the mirror's news, and what each of them may be told. */
@Injectable()
export class Followers {
  private readonly all = new Set<Follower>();
  private readonly reads = pLimit(READS_AT_ONCE);
  /** Readings are counted, so that of two the older can be told. */
  private readings = 0;

  constructor(
    private readonly live: LiveView,
    private readonly repositories: MirroredRepositories,
    private readonly store: EventsStore,
    private readonly viewers: Viewers,
  ) {}

  get size(): number {
    return this.all.size;
  }

  /** @throws AntipodeError `busy` where too many follow already. */
  requireRoom(follow: Pick<Follow, 'owner' | 'viewer'>): void {
    requireRoom([...this.all], follow);
  }

  /** Resolves when everything was told once. */
  async add(follower: Follower): Promise<void> {
    this.all.add(follower);
    follower.stream.onOver(() => this.all.delete(follower));
    await this.tellAll(follower);
  }

  endAll(): void {
    for (const { stream } of this.all) stream.end();
    this.all.clear();
  }

  beat(): void {
    for (const { stream } of this.all) stream.beat();
  }

  /** How these repositories are doing now, or that they are gone. */
  async tell(ids: readonly RepositoryId[]): Promise<void> {
    if (ids.length === 0) return;
    const readAt = (this.readings += 1);
    const told = await this.describe(await this.store.read(ids));
    const there = new Set(told.map(({ id }) => id));
    const gone = ids.filter((id) => !there.has(id));
    for (const { stream } of this.all) {
      for (const repository of told) stream.offerRepository(repository, readAt);
      for (const id of gone) stream.offerRemoval(id, readAt);
    }
  }

  /** Something may have been missed. */
  tellAnew(): void {
    for (const follower of this.all) void this.tellAll(follower);
  }

  /** The mirror as a whole; whoever sees the same is told the same, those first who have waited longest. */
  async tellWhole(now = Date.now()): Promise<void> {
    const groups = [...Map.groupBy(this.all, (one) => one.sightKind).values()]
      .map((group) => ({ group, toldAt: Math.min(...group.map((one) => one.wholeToldAt)) }))
      .filter(({ group, toldAt }) => now - toldAt >= (group[0] as Follower).wholeEveryMs)
      .sort((a, b) => a.toldAt - b.toldAt);
    for (const { group } of groups.slice(0, VIEWS_PER_TURN)) {
      const { viewer, stream } = group[0] as Follower;
      for (const one of group) one.wholeToldAt = now;
      const status = await this.live.status(viewer, stream.sight);
      const progress = await this.live.progressOf(stream.sight);
      for (const one of group) {
        one.tellIfNew('status', status);
        one.tellIfNew('progress', progress);
      }
    }
  }

  /** Asks of those whose time it is who they are now: rights end, and sessions do. */
  async checkDue(now = Date.now()): Promise<void> {
    const due = [...this.all].filter((one) => one.isDue(now)).slice(0, CHECKS_PER_TURN);
    await Promise.all(due.map((one) => this.check(one, now)));
  }

  private async check(follower: Follower, now: number): Promise<void> {
    const found = await this.ask(follower.request);
    const outcome = found === 'refused' ? 'over' : follower.checked(found, now);
    if (outcome === 'over') follower.stream.end();
    if (outcome === 'other') void this.tellAll(follower);
  }

  private async ask(
    request: IncomingMessage,
  ): Promise<{ viewer: Viewer; sight: Sight } | 'refused' | undefined> {
    try {
      // As if the same request came now: what was found out for the first one is remembered with it.
      const viewer = await this.viewers.of(Object.create(request) as IncomingMessage);
      return { viewer, sight: await this.viewers.sightOf(viewer) };
    } catch (error) {
      return isRefusal(toAntipodeError(error, 'checking who follows').code) ? 'refused' : undefined;
    }
  }

  /** Everything that there is to tell. Takes as long as its reader does: the others do not wait for it. */
  private tellAll(follower: Follower): Promise<void> {
    return follower.tellInTurn(async () => {
      const { stream } = follower;
      await this.reads(async () => {
        follower.tellIfNew('status', await this.live.status(follower.viewer, stream.sight));
        follower.tellIfNew('progress', await this.live.progressOf(stream.sight));
      });
      stream.release();
      stream.hold();
      await this.tellRepositories(follower);
      stream.release();
    });
  }

  private async tellRepositories({ stream }: Follower): Promise<void> {
    if (stream.only?.size === 0) return;
    for (let after = ''; !stream.isOver;) {
      const readAt = (this.readings += 1);
      const told = await this.reads(async () =>
        this.describe(await this.store.page(stream.sight, stream.only, { after, limit: PAGE })),
      );
      for (const repository of told) await stream.tell(repository, readAt);
      const last = told.at(-1);
      if (!last || told.length < PAGE) return;
      after = last.id;
    }
  }

  private async describe(rows: readonly EventRow[]): Promise<ToldRepository[]> {
    const isOpen = new Map(rows.map((row) => [row.id, row.isOpen]));
    const described = await this.repositories.describe(rows.map(({ isOpen: _isOpen, ...row }) => row));
    return described.map((repository) => tellOf(repository, isOpen.get(repository.id) ?? false));
  }
}
