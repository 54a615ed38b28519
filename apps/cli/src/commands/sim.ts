import { resolve } from 'node:path';
import type { CliConfig } from '../config.js';
import { House } from '../house/house.js';
import { Journal } from '../house/journal.js';
import { requireFreePorts } from '../house/port-check.js';
import { portsFrom } from '../house/ports.js';
import { readSimulatorState, simulatorPart, simulatorUrl, type SimulatorState } from '../parts/simulator.js';
import type { Screen } from '../screen/screen.js';

/** Runs the simulated Bitbucket alone, until `stop`. */
export async function sim(
  options: { data: string; portBase: number },
  { config, screen, stop }: { config: CliConfig; screen: Screen; stop: AbortSignal },
): Promise<void> {
  const dataFolder = resolve(options.data);
  const { sim: port, simSsh: sshPort } = portsFrom(options.portBase);
  const journal = await Journal.take(dataFolder, options.portBase, () => undefined);
  const house = new House({
    dataFolder,
    journal,
    screen,
    readyMs: config.readySeconds * 1000,
    onChange: () => Promise.resolve(),
  });
  try {
    const part = simulatorPart({ home: config.home, dataFolder, port, sshPort });
    await requireFreePorts([part]);
    await house.start([part], stop);
    screen.settle();
    const state = await readSimulatorState(port);
    screen.ready(factsOf(state, simulatorUrl(port)));
    for (const line of introduction(state, simulatorUrl(port))) screen.confide(line);
    await Promise.race([
      new Promise((done) => stop.addEventListener('abort', done, { once: true })),
      house.whenBroken,
    ]);
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    await house.stop([]);
    await journal.release();
  }
}

/** Its tokens open nothing but itself; who wants them asks it for its state. */
const factsOf = ({ workspace, ssh }: SimulatorState, url: string): Record<string, unknown> => ({
  ...{ url, api: `${url}/2.0`, control: `${url}/_sim`, state: `${url}/_sim/state`, workspace },
  ssh: ssh?.url ?? null,
});

function introduction({ workspace, users, mirrorToken, ssh }: SimulatorState, url: string): string[] {
  return [
    `A simulated Bitbucket Cloud: git at ${url}/${workspace}/…, REST at ${url}/2.0, faults at ${url}/_sim/.`,
    ...(ssh ? [`Its SSH side: ${ssh.url}`] : []),
    'Its users, with their API tokens:',
    ...users.map(
      ({ role, username, email, apiToken }) =>
        `  ${role.padEnd(9)} ${username.padEnd(12)} ${email.padEnd(28)} ${apiToken}`,
    ),
    `The workspace access token: ${mirrorToken}`,
    'Ctrl-C stops it.',
  ];
}
