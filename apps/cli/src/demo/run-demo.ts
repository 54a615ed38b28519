import { join, relative } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { MirrorClient } from '../mirror/mirror-client.js';
import type { Repository } from '../mirror/shapes.js';
import type { SimulatorState } from '../parts/simulator.js';
import type { Screen } from '../screen/screen.js';
import { stoppedShort } from '../stopped-short.js';
import { clone } from './clone.js';
import { readTraffic, since } from './primary-traffic.js';
import { goOnWith, whatHappened } from './summary.js';
import { watchSync } from './watch-sync.js';

export interface DemoOptions {
  readonly screen: Screen;
  readonly stop: AbortSignal;
  readonly dataFolder: string;
  readonly mirrorUrl: string;
  readonly mirrorSshUrl: string;
  readonly primaryUrl: string;
  readonly adminToken: string;
  readonly sim: SimulatorState;
}

/** The project of the sample workspace that the demo mirrors. */
const PROJECT = 'WEB';
const PATIENCE_MS = 20_000;

/**
 * Mirrors a project of the simulated Bitbucket, clones through the mirror, and says what that took.
 *
 * @throws AntipodeError whose hint says which step failed
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { screen, stop, dataFolder, mirrorUrl, primaryUrl, sim } = options;
  const mirror = { url: mirrorUrl, token: options.adminToken, tokenFrom: 'the house itself' };
  const client = new MirrorClient(mirror, stop);
  const atFirst = await readTraffic(primaryUrl);
  const begun = performance.now();
  screen.say(`Mirroring project ${PROJECT} of workspace ${sim.workspace}:`);
  await selectPatiently(client, stop);
  const repositories = await watchSync(client, screen, stop);
  screen.settle();
  const syncSeconds = (performance.now() - begun) / 1000;
  const afterSync = await readTraffic(primaryUrl);

  const cloned = largestOf(repositories);
  const cloner = writerOf(sim);
  const destination = join(dataFolder, 'demo', cloned.path.split('/').at(-1) ?? 'clone');
  const url = `${mirrorUrl}/${cloned.path}.git`;
  const cloneResult = await clone({
    url,
    username: cloner.username,
    password: cloner.apiToken,
    destination,
    stop,
  });
  const afterClone = await readTraffic(primaryUrl);

  const outcome = {
    ...{
      project: PROJECT,
      repositories,
      syncSeconds,
      cloned,
      cloner,
      cloneResult,
      mirrorUrl,
      mirrorSshUrl: options.mirrorSshUrl,
      primaryUrl,
      sim,
    },
    syncTraffic: since(atFirst, afterSync),
    cloneTraffic: since(afterSync, afterClone),
    destination: shorten(destination),
    adminTokenFile: shorten(join(dataFolder, 'secrets/admin-token')),
  };
  for (const line of whatHappened(outcome)) screen.say(line);
  // The users' tokens are in these lines.
  for (const line of goOnWith(outcome)) screen.confide(line);
}

/** Right after a start the registry may still be learning the workspace's projects. */
async function selectPatiently(client: MirrorClient, stop: AbortSignal): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      await client.select({ mode: 'selected', projectKeys: [PROJECT] });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await wait(300, undefined, { signal: stop });
    }
  }
}

function largestOf(repositories: readonly Repository[]): Repository {
  const [largest] = [...repositories].sort((a, b) => b.sizeBytes - a.sizeBytes);
  if (!largest) throw stoppedShort('not_found', `The demo found no repository in project ${PROJECT}.`);
  return largest;
}

function writerOf({ users }: SimulatorState): SimulatorState['users'][number] {
  const writer = users.find(({ role }) => role === 'writer');
  if (!writer)
    throw stoppedShort('not_found', 'The demo found no writer among the users of the simulated Bitbucket.');
  return writer;
}

/** As one would type it from here, where that is shorter. */
function shorten(path: string): string {
  const short = relative(process.cwd(), path);
  return short.length < path.length && !short.startsWith('..') ? short : path;
}
