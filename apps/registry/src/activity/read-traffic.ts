import type { registry } from '@antipode/contracts';
import { AntipodeError } from '@antipode/errors';
import { count } from './read-run.js';
import { DOORS, type TrafficRow } from './traffic.store.js';

const MINUTE_MS = 60_000;
const OLDEST_MS = 86_400_000;
/** A day's minutes of two doors. */
const MOST_MINUTES = 2 * 1440;
const BOOT = /^[A-Za-z0-9._:-]{1,64}$/;

/**
 * The minutes that can be kept, each once: those of the last day, and not of the future.
 *
 * @throws AntipodeError `invalid` where there are too many at once, or the process's life has no name.
 */
export function readTraffic(
  { node, boot, minutes }: registry.ReportTrafficRequest,
  now = Date.now(),
): TrafficRow[] {
  if (minutes.length > MOST_MINUTES || !BOOT.test(boot))
    throw new AntipodeError('invalid', 'reading reported traffic', { minutes: minutes.length });
  const rows = new Map<string, TrafficRow>();
  for (const minute of minutes) {
    const row = readMinute(node, boot, minute, now);
    if (row) rows.set(`${row.minute.getTime()} ${row.door}`, row);
  }
  return [...rows.values()];
}

function readMinute(
  node: string,
  boot: string,
  told: registry.TrafficMinute,
  now: number,
): TrafficRow | undefined {
  const start = Math.floor(told.minuteMs / MINUTE_MS) * MINUTE_MS;
  const door = DOORS.find((one) => one === told.door);
  // A node's clock may be a little ahead of ours.
  if (!door || !(start >= now - OLDEST_MS && start <= now + MINUTE_MS)) return undefined;
  return {
    node,
    boot,
    minute: new Date(start),
    door,
    fetches: count(told.fetches),
    pushes: count(told.pushes),
    lfsDownloads: count(told.lfsDownloads),
    ownBytes: count(told.ownBytes),
    passedBytes: count(told.passedBytes),
    failures: count(told.failures),
  };
}
