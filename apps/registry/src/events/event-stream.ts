import type { ServerResponse } from 'node:http';
import type { RepositoryId } from '@antipode/domain';
import type { Sight } from '../people/viewer.js';
import { write, type ToldRepository } from './told-repository.js';

/** A reader who is this far behind is let go; with its next connection it gets everything anew. */
const MOST_UNTOLD = 2000;
/** So is one who reads nothing at all for so long. */
const STUCK_MS = 60_000;

interface Untold {
  readonly text: string;
  /** When its reading began, in the hub's count. */
  readonly readAt: number;
}

/**
 * One reader's stream of events (text/event-stream, HTML Living Standard §9.2).
 *
 * What it has not been told yet is kept by what it is about, the newest state only, so that a slow reader costs no more than
 * what there is to know.
 */
export class EventStream {
  private untold = new Map<string, Untold>();
  /** Those that it knows of because anybody may: one that is public no longer must be taken back. */
  private readonly openOnes = new Set<RepositoryId>();
  private isFull = false;
  private isHeld = true;
  private fullSince = 0;
  private onDrain: (() => void) | undefined;

  constructor(
    private readonly response: ServerResponse,
    public sight: Sight,
    /** Repositories that it wants to be told of; null: all that it may see. */
    private readonly wanted: ReadonlySet<RepositoryId> | null,
  ) {
    response.on('drain', () => {
      this.isFull = false;
      this.onDrain?.();
      this.flush();
    });
    response.on('close', () => this.onDrain?.());
  }

  onOver(work: () => void): void {
    this.response.on('close', work);
    if (this.isOver) work();
  }

  get isOver(): boolean {
    return this.response.destroyed || this.response.writableEnded;
  }

  get only(): ReadonlySet<RepositoryId> | null {
    return this.wanted;
  }

  /** Begins to tell what was offered. Until then, and while a snapshot is written, it is only noted. */
  release(): void {
    this.isHeld = false;
    this.flush();
  }

  hold(): void {
    this.isHeld = true;
  }

  offerRepository(repository: ToldRepository, readAt: number): void {
    if (!this.wants(repository.id)) return;
    if (!this.sees(repository)) return this.offerRemoval(repository.id, readAt);
    this.offer(`repository ${repository.id}`, this.textOf(repository), readAt);
  }

  /** Tells that a repository is not there any more, where its reader may know that it was. */
  offerRemoval(id: RepositoryId, readAt: number): void {
    const mayKnow = this.sight.all || this.sight.ids.has(id) || this.openOnes.has(id);
    if (!mayKnow || !this.wants(id)) return;
    this.openOnes.delete(id);
    this.offer(`repository ${id}`, write('removed', { id }), readAt);
  }

  /** @param about what is not told yet of the same is dropped. */
  offer(about: string, text: string, readAt = 0): void {
    this.untold.delete(about);
    this.untold.set(about, { text, readAt });
    if (this.untold.size > MOST_UNTOLD) this.response.destroy();
    else this.flush();
  }

  /** Part of a snapshot; resolves when there is room for more. */
  async tell(repository: ToldRepository, readAt: number): Promise<void> {
    const about = `repository ${repository.id}`;
    // What was read before this was is older than this.
    if ((this.untold.get(about)?.readAt ?? Infinity) < readAt) this.untold.delete(about);
    this.put(this.textOf(repository));
    while (this.isFull && !this.isOver) await new Promise<void>((resolve) => (this.onDrain = resolve));
  }

  /** A comment, so that nobody between takes the stream for dead; a reader who is stuck is let go. */
  beat(): void {
    if (!this.isFull) this.put(': \n\n');
    else if (Date.now() - this.fullSince > STUCK_MS) this.response.destroy();
  }

  end(): void {
    this.response.end();
  }

  private sees({ id, isOpen }: ToldRepository): boolean {
    return this.sight.all || isOpen || this.sight.ids.has(id);
  }

  private textOf({ id, isOpen, forAdministrators, forOthers }: ToldRepository): string {
    if (isOpen) this.openOnes.add(id);
    return this.sight.all ? forAdministrators : forOthers;
  }

  private wants(id: RepositoryId): boolean {
    return this.wanted === null || this.wanted.has(id);
  }

  private flush(): void {
    if (this.isHeld) return;
    for (const [about, { text }] of this.untold) {
      if (this.isFull || this.isOver) return;
      this.untold.delete(about);
      this.put(text);
    }
  }

  private put(text: string): void {
    if (this.isOver || this.response.write(text)) return;
    this.isFull = true;
    this.fullSince = Date.now();
  }
}
