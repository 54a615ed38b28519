import type { registry } from '@antipode/contracts';
import { isRefusal, toAntipodeError } from '@antipode/errors';
import type { RouteName } from '../http/routes.js';
import type { Source, Visit } from '../session/visit.js';

type Door = 'http' | 'ssh';
type Counts = Omit<registry.TrafficMinute, 'minuteMs' | 'door'>;

/** One request, or one command, that is over. */
export interface ServedVisit {
  readonly door: Door;
  readonly visit: Visit;
  /** The client got all of an answer that was no refusal. */
  readonly isAnswered: boolean;
  readonly bytesOut: number;
  /** The download of a large file. */
  readonly isDownload?: boolean;
}

interface Minute {
  readonly told: registry.TrafficMinute;
  /** It has been counted in since it was last told. */
  isNews: boolean;
}

const MINUTE_MS = 60_000;
/** Longer than a registry is away; each minute is a hundred bytes. */
const MOST_MINUTES = 120;
/** Of git and of git-lfs; pages and REST are no traffic of repositories. */
const COUNTED: ReadonlySet<RouteName> = new Set<RouteName>([
  'info_refs',
  'upload_pack',
  'receive_pack',
  'lfs_batch',
  'lfs_locks',
  'lfs_object',
]);

export const isTraffic = (route: RouteName): boolean => COUNTED.has(route);

/** What the doors have served by minute: totals, so that telling them again does no harm. */
export class Traffic {
  private readonly minutes = new Map<string, Minute>();

  constructor(private readonly now: () => number = Date.now) {}

  served({ door, visit, isAnswered, bytesOut, isDownload = false }: ServedVisit): void {
    const { told } = this.minuteOf(door);
    const isFetch = isAnswered && visit.isFetch;
    told.fetches += isFetch ? 1 : 0;
    told.pushes += visit.push === 'relayed' ? 1 : 0;
    told.lfsDownloads += isAnswered && isDownload ? 1 : 0;
    told.failures += !isAnswered && isFailure(visit) ? 1 : 0;
    const bytes = BYTES[visit.source];
    if (bytes) told[bytes] += bytesOut;
  }

  /** What has been counted since it was last told. */
  get news(): readonly registry.TrafficMinute[] {
    return [...this.minutes.values()].filter(({ isNews }) => isNews).map(({ told }) => ({ ...told }));
  }

  /** The minutes of `news` have arrived. */
  arrived(news: readonly registry.TrafficMinute[]): void {
    const current = startOf(this.now());
    for (const sent of news) {
      const key = keyOf(sent.door, sent.minuteMs);
      const minute = this.minutes.get(key);
      if (!minute) continue;
      minute.isNews = !isSame(sent, minute.told);
      if (!minute.isNews && sent.minuteMs < current) this.minutes.delete(key);
    }
  }

  private minuteOf(door: Door): Minute {
    const minuteMs = startOf(this.now());
    const key = keyOf(door, minuteMs);
    const known = this.minutes.get(key);
    const minute = known ?? { told: { minuteMs, door, ...nothing() }, isNews: true };
    minute.isNews = true;
    if (!known) this.keep(key, minute);
    return minute;
  }

  private keep(key: string, minute: Minute): void {
    this.minutes.set(key, minute);
    const oldest = minute.told.minuteMs - MOST_MINUTES * MINUTE_MS;
    for (const [other, { told }] of this.minutes) if (told.minuteMs <= oldest) this.minutes.delete(other);
  }
}

const BYTES: Record<Source, 'ownBytes' | 'passedBytes' | undefined> = {
  memory: 'ownBytes',
  git: 'ownBytes',
  disk: 'ownBytes',
  lfs: 'ownBytes',
  passthrough: 'passedBytes',
  none: undefined,
};

const startOf = (ms: number): number => ms - (ms % MINUTE_MS);
const keyOf = (door: string, minuteMs: number): string => `${door} ${minuteMs}`;
const nothing = (): Counts => ({
  fetches: 0,
  pushes: 0,
  lfsDownloads: 0,
  ownBytes: 0,
  passedBytes: 0,
  failures: 0,
});

const isSame = (one: Counts, other: Counts): boolean =>
  (Object.keys(nothing()) as (keyof Counts)[]).every((name) => one[name] === other[name]);

function isFailure({ error }: Visit): boolean {
  if (error === undefined) return false;
  const { code } = toAntipodeError(error, 'serving');
  return !isRefusal(code) && code !== 'cancelled';
}
