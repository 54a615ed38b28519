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
/** Its mtime is the end of the earliest lease, so that nobody has to start git to learn whether one is over. */
const NOTE = 'antipode/pinned';

export const pinName = (untilSeconds: number, oid: string): string =>
  `${PINS}${Math.ceil(untilSeconds)}/${oid}`;

const leaseOf = (name: string): number => Number(name.slice(PINS.length).split('/')[0]);

/** Which of these refs are pins whose lease is over. */
const expiredPins = (names: Iterable<string>, nowSeconds: number): string[] =>
  [...names].filter((name) => name.startsWith(PINS) && leaseOf(name) < nowSeconds);

/** Every pin, with what it holds. */
export const listPins = (repository: string): Promise<Map<string, string>> => listRefs(repository, PINS);

/** Notes that there are pins, until `untilSeconds` or later. */
export async function notePins(repository: string, untilSeconds: number): Promise<void> {
  if ((await pinsEndMs(repository)) !== undefined) return;
  await setNote(repository, untilSeconds);
}

/** When the earliest lease ends (ms since 1970); undefined where nothing is pinned. */
export const pinsEndMs = (repository: string): Promise<number | undefined> =>
  stat(join(repository, NOTE)).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );

/**
 * Removes pins whose lease is over.
 *
 * @returns garbage where they held something that nothing else holds; a fast-forward's old tip is no such thing.
 */
export async function dropExpiredPins(
  repository: string,
  nowSeconds: number,
): Promise<'garbage' | 'nothing'> {
  const pins = await listPins(repository);
  const expired = expiredPins(pins.keys(), nowSeconds);
  if (expired.length > 0) {
    const input = expired.map((name) => `delete ${name}\n`).join('');
    await gitOk(repository, { args: ['update-ref', '--no-deref', '--stdin'], input });
  }
  const left = [...pins.keys()].filter((name) => !expired.includes(name)).map(leaseOf);
  if (left.length > 0) await setNote(repository, Math.min(...left));
  else await rm(join(repository, NOTE), { force: true });
  return isUnheld(
    repository,
    expired.map((name) => pins.get(name) ?? ''),
  );
}

async function isUnheld(repository: string, oids: readonly string[]): Promise<'garbage' | 'nothing'> {
  if (oids.length === 0) return 'nothing';
  const args = ['rev-list', '--max-count=1', '--stdin', '--not', '--all'];
  const unheld = await gitOk(repository, { args, input: `${oids.join('\n')}\n` });
  return unheld.length > 0 ? 'garbage' : 'nothing';
}

async function setNote(repository: string, untilSeconds: number): Promise<void> {
  const path = join(repository, NOTE);
  await mkdir(dirname(path), { recursive: true });
  await (await open(path, 'a')).close();
  await utimes(path, untilSeconds, untilSeconds);
}
