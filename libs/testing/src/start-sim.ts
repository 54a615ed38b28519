import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from './child.js';
import { runCommand } from './command.js';
import { eventually } from './eventually.js';
import { CHECKOUT } from './house.js';
import { openScratch } from './scratch.js';
import { SimApi } from './sim-api.js';
import type { SimState } from './sim-shapes.js';

const MAIN = join(CHECKOUT, 'apps/bitbucket-sim/dist/main.js');

export interface RunningSim extends AsyncDisposable {
  /** Base of git URLs. */
  readonly url: string;
  /** `ssh://git@127.0.0.1:port` */
  readonly ssh: string;
  /** Base of the REST API. */
  readonly api: string;
  readonly control: SimApi;
  /** As it was at the start: workspace, users, tokens. */
  readonly state: SimState;
}

/** The simulated Bitbucket as a process of the test's own, with its sample workspace. */
export async function startSim(): Promise<RunningSim> {
  await buildOnce();
  const scratch = await openScratch();
  const child = new Child(process.execPath, [MAIN, '--port', '0', '--data', scratch.path, '--sample']);
  const url = await eventually(() => readyAt(child), { timeoutMs: 60_000 });
  const state = await stateOf(url);
  const owner = state.users.find(({ role }) => role === 'owner');
  if (!owner) throw new Error('the sample workspace has no owner');
  return {
    url,
    api: `${url}/2.0`,
    ssh: state.ssh.url,
    state,
    control: new SimApi(url, { username: owner.email, password: owner.apiToken }),
    [Symbol.asyncDispose]: async () => {
      await child.end();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

async function buildOnce(): Promise<void> {
  const isBuilt = await access(MAIN).then(
    () => true,
    () => false,
  );
  if (isBuilt) return;
  const { code, output } = await runCommand('npx', ['nx', 'run', 'bitbucket-sim:build'], { cwd: CHECKOUT });
  if (code !== 0) throw new Error(`building bitbucket-sim ended with ${code}:\n${output}`);
}

function readyAt(child: Child): string | undefined {
  if (child.ended) throw new Error(`bitbucket-sim ended: ${child.output}`);
  const [, url] = /"event":"ready","url":"([^"]+)"/.exec(child.output) ?? [];
  return url;
}

async function stateOf(url: string): Promise<SimState> {
  const response = await fetch(`${url}/_sim/state`);
  return (await response.json()) as SimState;
}
