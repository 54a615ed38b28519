import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knocker } from '../access/principal.js';
import type { FaultPlan } from '../faults/fault-plan.js';
import type { Simulator } from '../simulator.js';
import { fullName } from '../state/lookup.js';
import type { Repository } from '../state/model.js';
import { branchRules } from './branch-rules.js';
import type { LoggedPush } from './push-log.js';
import type { Actor } from './pushes.js';
import { readRefUpdates } from './ref-update.js';
import { TEXT } from './refused.js';

/** One run of receive-pack, on either door. */
export interface OpenPush extends AsyncDisposable {
  /** What the hooks of the repository need to know. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where a fault lets it die, without a word to the pusher. */
  readonly dies: PushDeath | undefined;
  /**
   * After git ended: everything that follows from the refs that it has moved. Where nobody calls it, because the pusher
   * has gone, disposing does: the refs have moved all the same.
   */
  record(): Promise<void>;
}

export type PushDeath = FaultPlan['pushes'][number]['at'];

/** So much of the pack arrives before a push dies of a fault at `pack`: less than any pack, more than the commands. */
export const PACK_CUT_BYTES = 1_024;

export interface PushOrder {
  readonly repository: Repository;
  readonly who: Knocker;
  readonly door: LoggedPush['door'];
}

export async function openPush(sim: Simulator, order: PushOrder): Promise<OpenPush> {
  const { repository, door } = order;
  const path = `/${fullName(sim.store.state, repository)}.git/git-receive-pack`;
  const dies = sim.faults.takePushDeath({ class: door === 'ssh' ? 'ssh' : 'git', method: 'POST', path });
  const scratch = await mkdtemp(join(tmpdir(), 'bitbucket-sim-push-'));
  const file = join(scratch, 'updates');
  let recorded: Promise<void> | undefined;
  const record = (): Promise<void> => (recorded ??= recordPush(sim, order, file));
  return {
    environment: environment(sim, order, file, dies),
    dies,
    record,
    [Symbol.asyncDispose]: async () => {
      await record();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

async function recordPush(sim: Simulator, { repository, who, door }: PushOrder, file: string): Promise<void> {
  const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const updates = readRefUpdates(await read(file));
  if (updates.length === 0) return;
  const options = (await read(`${file}.options`)).split('\n').filter((line) => line !== '');
  const actor = actorOf(who);
  sim.pushLog.add({
    repository: fullName(sim.store.state, repository),
    door,
    by: actor === undefined ? null : 'username' in actor ? actor.username : actor.name,
    updates,
    options,
    at: new Date().toISOString(),
  });
  await sim.pushes.record(repository, actor, updates);
}

function environment(
  { store }: Simulator,
  { repository, who }: PushOrder,
  file: string,
  dies: PushDeath | undefined,
): Record<string, string> {
  const { settings } = store.state;
  const isFull = repository.sizeBytes > settings.repositorySizeLimitBytes;
  const rejection = dies === 'before-refs' ? 'died' : isFull ? TEXT.quota : repository.rejection;
  return {
    ...branchRules(store.state, repository, who),
    SIM_PUSH_FILE: file,
    SIM_FILE_LIMIT: String(settings.fileSizeLimitBytes),
    ...(rejection === undefined ? {} : { SIM_REFUSE_PUSH: rejection }),
  };
}

function actorOf(who: Knocker): Actor {
  if (who.kind === 'user' || who.kind === 'key-of-user') return who.user;
  return who.kind === 'access-token' ? who.token : undefined;
}
