import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knocker } from '../access/principal.js';
import type { Simulator } from '../simulator.js';
import type { Repository } from '../state/model.js';
import type { Actor } from './pushes.js';
import { readRefUpdates } from './ref-update.js';
import { TEXT } from './refused.js';

/** One run of receive-pack, on either door. */
export interface OpenPush extends AsyncDisposable {
  /** What the hooks of the repository need to know. */
  readonly environment: Readonly<Record<string, string>>;
  /** After git ended: everything that follows from the refs that it has moved. */
  record(): Promise<void>;
}

export async function openPush(sim: Simulator, repository: Repository, who: Knocker): Promise<OpenPush> {
  const scratch = await mkdtemp(join(tmpdir(), 'bitbucket-sim-push-'));
  const file = join(scratch, 'updates');
  return {
    environment: environment(sim, repository, file),
    record: async () => {
      const text = await readFile(file, 'utf8').catch(() => '');
      await sim.pushes.record(repository, actorOf(who), readRefUpdates(text));
    },
    [Symbol.asyncDispose]: () => rm(scratch, { recursive: true, force: true }),
  };
}

function environment({ store }: Simulator, repository: Repository, file: string): Record<string, string> {
  const { settings } = store.state;
  const isFull = repository.sizeBytes > settings.repositorySizeLimitBytes;
  return {
    SIM_PUSH_FILE: file,
    SIM_PROTECTED: (repository.protectedBranches ?? []).join(' '),
    SIM_FILE_LIMIT: String(settings.fileSizeLimitBytes),
    ...(isFull ? { SIM_REFUSE_PUSH: TEXT.quota } : {}),
  };
}

function actorOf(who: Knocker): Actor {
  if (who.kind === 'user' || who.kind === 'key-of-user') return who.user;
  return who.kind === 'access-token' ? who.token : undefined;
}
