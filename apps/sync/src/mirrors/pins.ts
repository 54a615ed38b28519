/**
 * Tips that an epoch advertised and a later one dropped stay alive for a lease, so that a client that holds an older
 * advertisement never meets "not our ref". The lease is in the name: refs/antipode/pins/<seconds since 1970>/<oid>.
 */
import { mkdir, open, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gitOk } from '@antipode/git-process';
import { listRefs } from './list-refs.js';
import { OWN_NAMESPACE } from './ref-state.js';

const PINS = `${OWN_NAMESPACE}pins/`;
/** Its mtime is the end of the last lease, so that nobody has to start git to learn whether one is over. */
const NOTE = 'antipode/pinned';

export const pinName = (untilSeconds: number, oid: string): string =>
  `${PINS}${Math.ceil(untilSeconds)}/${oid}`;

/** Which of these refs are pins whose lease is over. */
export function expiredPins(names: Iterable<string>, nowSeconds: number): string[] {
  return [...names].filter(
    (name) => name.startsWith(PINS) && Number(name.slice(PINS.length).split('/')[0]) < nowSeconds,
  );
}

/** Notes until when pins of a repository last. */
export async function notePins(repository: string, untilSeconds: number): Promise<void> {
  const path = join(repository, NOTE);
  await mkdir(dirname(path), { recursive: true });
  await (await open(path, 'a')).close();
  await utimes(path, untilSeconds, untilSeconds);
}

/** When the last lease ends (ms since 1970); undefined where nothing is pinned. */
export const pinsEndMs = (repository: string): Promise<number | undefined> =>
  stat(join(repository, NOTE)).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );

/** Removes pins whose lease is over. What they held goes with the next full maintenance. */
export async function dropExpiredPins(repository: string, nowSeconds: number): Promise<void> {
  const names = [...(await listRefs(repository, PINS)).keys()];
  const expired = expiredPins(names, nowSeconds);
  const input = expired.map((name) => `delete ${name}\n`).join('');
  if (expired.length > 0) await gitOk(repository, { args: ['update-ref', '--no-deref', '--stdin'], input });
  if (expired.length === names.length) await rm(join(repository, NOTE), { force: true });
}
