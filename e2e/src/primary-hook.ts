import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@antipode/testing';
import type { Neighbourhood } from './neighbourhood.js';

/** `pre-receive`: before any ref has moved. `post-receive`: all have, and the pusher has heard nothing of it yet. */
export type HookName = 'pre-receive' | 'post-receive';

/** Runs `during` while the primary runs this shell script at the beginning of a hook of its own. */
async function withPrimaryHook<T>(
  { house }: Pick<Neighbourhood, 'house'>,
  name: HookName,
  script: string,
  during: () => Promise<T>,
): Promise<T> {
  const path = join(house.data, 'bitbucket-sim/hooks', name);
  const own = await readFile(path, 'utf8');
  await replace(path, `#!/bin/sh\n${script}\n${own}`);
  try {
    return await during();
  } finally {
    await replace(path, own);
  }
}

/** Beside and renamed: a script that is being written cannot be run. */
async function replace(path: string, script: string): Promise<void> {
  const beside = `${path}.new`;
  await writeFile(beside, script);
  await chmod(beside, 0o755);
  await rename(beside, path);
}

/** A push that the primary holds in one of its hooks. */
export interface HeldPush {
  /** Resolves when the hook has been reached. */
  untilReached(): Promise<void>;
  /** Lets it go on. */
  release(): Promise<void>;
}

/** Holds every push at this hook until it is released; at most for half a minute. @param folder of the test's own */
export async function holdingPushes<T>(
  here: Pick<Neighbourhood, 'house'>,
  name: HookName,
  folder: string,
  during: (held: HeldPush) => Promise<T>,
): Promise<T> {
  await mkdir(folder, { recursive: true });
  const [reached, go] = [join(folder, 'reached'), join(folder, 'go')];
  const script = `: > '${reached}'; n=0; while [ ! -e '${go}' ] && [ $n -lt 600 ]; do sleep 0.05; n=$((n + 1)); done`;
  const held = {
    untilReached: async () => {
      await eventually(() => existsSync(reached), { timeoutMs: 20_000, everyMs: 5 });
    },
    release: () => writeFile(go, ''),
  };
  try {
    return await withPrimaryHook(here, name, script, () => during(held));
  } finally {
    await held.release();
  }
}
