import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RepositoryId } from '@antipode/domain';
import type { Sight, Viewer } from '../people/viewer.js';
import { EventStream } from './event-stream.js';

/** Between two views of the whole: one that many share, and one that is counted for a single person. */
const SHARED_EVERY_MS = 2000;
const OWN_EVERY_MS = 10_000;
const CHECK_MS = 60_000;
const JITTER = 0.2;
/** While nobody can say who somebody is, they keep what they had for so long. */
const LENIENCE_MS = 300_000;

export interface Follow {
  readonly viewer: Viewer;
  readonly sight: Sight;
  /** Whose streams are counted together: a person, or an address. */
  readonly owner: string;
  /** Null: all that they may see. */
  readonly repositories: ReadonlySet<RepositoryId> | null;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Somebody who follows the mirror's news, and what they were told last. */
export class Follower {
  readonly viewer: Viewer;
  readonly owner: string;
  readonly request: IncomingMessage;
  readonly stream: EventStream;
  /** When the mirror as a whole was last looked at for it. */
  wholeToldAt = 0;
  private readonly lastTold = new Map<string, string>();
  private checkedAt = Date.now();
  private nextCheckAt = Date.now() + pause();
  private telling: Promise<void> = Promise.resolve();

  constructor({ viewer, owner, request, response, sight, repositories }: Follow) {
    this.viewer = viewer;
    this.owner = owner;
    this.request = request;
    this.stream = new EventStream(response, sight, repositories);
  }

  /** Runs what tells everything; one after the other, for none may overtake. Whom it fails for begins anew. */
  tellInTurn(work: () => Promise<void>): Promise<void> {
    this.telling = this.telling.then(work).catch(() => this.stream.end());
    return this.telling;
  }

  /** Those of one kind see the same of the mirror as a whole. */
  get sightKind(): string {
    const { sight } = this.stream;
    if (sight.all) return 'all';
    return sight.ids.size === 0 ? 'public' : this.owner;
  }

  get wholeEveryMs(): number {
    return this.sightKind === this.owner ? OWN_EVERY_MS : SHARED_EVERY_MS;
  }

  /** Tells it where it is not what was told last. */
  tellIfNew(about: 'status' | 'progress', text: string): void {
    if (this.lastTold.get(about) === text) return;
    this.lastTold.set(about, text);
    this.stream.offer(about, text);
  }

  isDue(now: number): boolean {
    return now >= this.nextCheckAt;
  }

  /** @param found undefined where nobody could say. */
  checked(
    found: { readonly viewer: Viewer; readonly sight: Sight } | undefined,
    now: number,
  ): 'same' | 'other' | 'over' {
    this.nextCheckAt = now + pause();
    if (!found) return now - this.checkedAt > LENIENCE_MS ? 'over' : 'same';
    this.checkedAt = now;
    if (!isSame(this.viewer, found.viewer)) return 'over';
    const before = this.stream.sight;
    if (before.all || found.sight.all) return before.all === found.sight.all ? 'same' : 'over';
    // Both are sets by now: what is no longer there must be taken back.
    const { ids } = found.sight;
    const lost = [...before.ids].filter((id) => !ids.has(id));
    for (const id of lost) this.stream.offerRemoval(id, Infinity);
    this.stream.sight = found.sight;
    return [...ids].some((id) => !before.ids.has(id)) ? 'other' : 'same';
  }
}

const pause = (): number => CHECK_MS * (1 + JITTER * (2 * Math.random() - 1));

function isSame(a: Viewer, b: Viewer): boolean {
  if (a.kind !== 'person' || b.kind !== 'person') return a.kind === b.kind;
  return a.id === b.id && a.role === b.role;
}
