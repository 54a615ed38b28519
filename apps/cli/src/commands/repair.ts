import { setTimeout as wait } from 'node:timers/promises';
import { findRepository } from '../mirror/find-repository.js';
import type { MirrorClient } from '../mirror/mirror-client.js';
import type { Repository } from '../mirror/shapes.js';
import type { Answer } from '../screen/answer.js';
import { EXIT, stoppedShort } from '../stopped-short.js';

export type Repair = 'verify' | 'reclone';

export interface Repairing {
  /** Whether to wait for the outcome, however long that takes. */
  readonly waiting: boolean;
  /** A line on the way. */
  readonly say: (line: string) => void;
  readonly pollMs?: number;
}

const POLL_MS = 500;
/** A node takes it up at once, unless it is busy with another one's. */
const BEGIN_MS = 120_000;

/** `repos verify`, `repos reclone`: every node looks these through, or clones them anew. */
export async function repairRepositories(
  client: MirrorClient,
  how: Repair,
  names: readonly string[],
  options: Repairing,
): Promise<Answer> {
  const before: Repository[] = [];
  // One by one: an unknown name must stop us before anything is asked for.
  for (const name of names) before.push(await findRepository(client, name));
  for (const { id } of before) await client.repair(id, how);
  if (!options.waiting)
    return {
      json: { repositories: before.map(({ id, path }) => ({ id, path, verification: null })) },
      text: () => before.map(({ path }) => `${path}: asked for\n`).join(''),
    };
  const after = await untilDone(client, before, options);
  return {
    json: { repositories: after.map(({ id, path, verification }) => ({ id, path, verification })) },
    text: () => after.map((one) => `${one.path}: ${outcomeOf(one)}\n`).join(''),
    exit: after.some(({ verification }) => verification?.state === 'failed') ? EXIT.failed : EXIT.ok,
  };
}

async function untilDone(
  client: MirrorClient,
  before: readonly Repository[],
  { say, pollMs = POLL_MS }: Repairing,
): Promise<Repository[]> {
  const told = new Map<string, string>();
  const deadline = Date.now() + BEGIN_MS;
  for (;;) {
    const now = await Promise.all(before.map(({ id }) => client.repository(id)));
    for (const one of now) {
      const message = one.verification?.state === 'running' ? one.verification.message : undefined;
      if (message !== undefined && told.get(one.id) !== message) say(`${one.path}: ${message}`);
      if (message !== undefined) told.set(one.id, message);
    }
    const waiting = now.filter((one, index) => !isDone(one, before[index]));
    if (waiting.length === 0) return now;
    if (told.size === 0 && waiting.length === now.length && Date.now() > deadline)
      throw stoppedShort(
        'timed_out',
        `No node has begun after ${BEGIN_MS / 1000} s. It is in their queue; \`antipode status\` shows which nodes there are.`,
      );
    await wait(pollMs);
  }
}

/** On every node: another one than before, and at its end. */
function isDone(now: Repository, before: Repository | undefined): boolean {
  if (now.nodes.length === 0) return isNewEnd(now, before);
  return now.nodes.every((node) =>
    isNewEnd(
      node,
      before?.nodes.find((one) => one.node === node.node),
    ),
  );
}

type Verified = Pick<Repository, 'verification'>;

const isNewEnd = ({ verification: now }: Verified, before: Verified | undefined): boolean =>
  now != null && now.state !== 'running' && now.at !== before?.verification?.at;

const WORDS: Record<string, string> = { ok: 'whole', repaired: 'repaired', failed: 'failed' };

const outcomeOf = ({ verification }: Repository): string =>
  verification ? `${WORDS[verification.state] ?? verification.state}. ${verification.message}` : 'unknown';
