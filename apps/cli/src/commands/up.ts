import { join, resolve } from 'node:path';
import { inheritedEnvironment, type CliConfig } from '../config.js';
import { runDemo } from '../demo/run-demo.js';
import { House } from '../house/house.js';
import { Journal } from '../house/journal.js';
import { requireFreePorts } from '../house/port-check.js';
import { portsFrom, type Ports } from '../house/ports.js';
import { loadSecrets, type Secrets } from '../house/secrets.js';
import { DemoFile, demoFilePath } from '../demo/demo-file.js';
import { foundationParts, servicePartsFor, simulatedPrimary, STOP_ORDER } from '../parts/all-parts.js';
import type { Primary } from '../parts/primary.js';
import { readSimulatorState, simulatorUrl, type SimulatorState } from '../parts/simulator.js';
import { publicSshUrl, publicUrl } from '../parts/services.js';
import type { Screen } from '../screen/screen.js';
import { tellHowToConnect } from './how-to-connect.js';
import { primaryFrom, type UpOptions } from './up-settings.js';

export interface UpTools {
  readonly config: CliConfig;
  readonly screen: Screen;
  /** Aborts when somebody wants the house to stop. */
  readonly stop: AbortSignal;
  /** Called once, when everything is ready. */
  readonly onReady: () => void;
}

/**
 * Runs a house in this process until `stop` aborts or a part is broken; either way nothing is left running.
 *
 * @throws AntipodeError whose hint is a sentence for the terminal
 */
export async function up(options: UpOptions, tools: UpTools): Promise<void> {
  const dataFolder = resolve(options.data);
  const { screen } = tools;
  const journal = await Journal.take(dataFolder, options.portBase, (names) => {
    screen.say(`A house that was killed left ${names.join(', ')} behind; stopping them first.`);
  });
  try {
    await runHouse(options, {
      ...tools,
      dataFolder,
      journal,
      ports: portsFrom(options.portBase),
      secrets: await loadSecrets(dataFolder),
    });
  } finally {
    await journal.release();
  }
}

interface Premises extends UpTools {
  readonly dataFolder: string;
  readonly journal: Journal;
  readonly ports: Ports;
  readonly secrets: Secrets;
}

async function runHouse(options: UpOptions, premises: Premises): Promise<void> {
  const { screen, stop, dataFolder, journal } = premises;
  const demoFile = new DemoFile(dataFolder);
  const house = new House({
    dataFolder,
    journal,
    screen,
    readyMs: premises.config.readySeconds * 1000,
    onChange: (processes) => demoFile.noteProcesses(processes),
  });
  try {
    await Promise.race([open(options, premises, house, demoFile), house.whenBroken]);
    premises.onReady();
    if (!premises.config.detached) screen.say('It stays up until Ctrl-C.');
    await Promise.race([whenAborted(stop), house.whenBroken]);
  } catch (error) {
    // A wait that the stop cut short is no failure.
    if (!stop.aborted) throw error;
  } finally {
    screen.settle();
    const anything = house.processes.length > 0;
    if (anything) screen.say('Stopping …');
    await house.stop(STOP_ORDER);
    await demoFile.remove();
    screen.settle();
    if (anything) screen.say('Stopped.');
  }
}

/** From nothing to ready, and through the demo where one is wanted. */
async function open(options: UpOptions, premises: Premises, house: House, demoFile: DemoFile): Promise<void> {
  const { screen, stop, ports, secrets } = premises;
  const begun = performance.now();
  const given = primaryFrom(options);
  const foundations = foundationParts(premises, given === undefined);
  // All ports at once, so that a taken one is told before anything has started.
  await requireFreePorts([
    ...foundations,
    ...servicePartsFor(premises, given ?? { kind: 'bitbucket-cloud' }),
  ]);
  screen.say(`Starting Antipode in ${premises.dataFolder}`);
  await house.start(foundations, stop);
  const sim = given === undefined ? await readSimulatorState(ports.sim) : undefined;
  const demo = options.demo && !options.unconnected && sim !== undefined;
  const told = demo ? 'workspace' : options.unconnected ? 'nothing' : 'environment';
  const primary = given ?? (await simulatedPrimary(premises, sim as SimulatorState, told));
  await house.start(servicePartsFor(premises, primary), stop);
  screen.settle();
  await demoFile.write({ ports, adminToken: secrets.adminToken, primary, sim, processes: house.processes });
  screen.say(`Ready after ${((performance.now() - begun) / 1000).toFixed(1)} s.`);
  if (demo) {
    await runDemo({
      ...premises,
      sim,
      mirrorUrl: publicUrl(ports),
      mirrorSshUrl: publicSshUrl(ports),
      primaryUrl: simulatorUrl(ports.sim),
      adminToken: secrets.adminToken,
    });
  } else {
    screen.say(`The mirror is at ${publicUrl(ports)}; its admin token is in ${adminTokenFile(premises)}.`);
    if (!isConnected(primary))
      tellHowToConnect(screen, { dataFolder: premises.dataFolder, mirrorUrl: publicUrl(ports), sim });
  }
  screen.ready(factsOf(premises, primary, sim));
}

const adminTokenFile = ({ dataFolder }: Premises): string => join(dataFolder, 'secrets/admin-token');

/** Where everything is; secrets by the files that hold them. */
const factsOf = (
  premises: Premises,
  { gitUrl, apiUrl, sshUrl, workspace }: Primary,
  sim: SimulatorState | undefined,
): Record<string, unknown> => ({
  data: premises.dataFolder,
  mirror: {
    url: publicUrl(premises.ports),
    ssh: publicSshUrl(premises.ports),
    adminTokenFile: adminTokenFile(premises),
  },
  primary: { url: gitUrl ?? null, api: apiUrl ?? null, ssh: sshUrl ?? null },
  workspace: (sim?.workspace ?? workspace) || null,
  demoFile: demoFilePath(premises.dataFolder),
  logs: join(premises.dataFolder, 'logs'),
});

/** A git-http host needs nobody's connection; of the others the caller's environment may name one as well. */
function isConnected({ kind, workspace, tokenFile }: Primary): boolean {
  const { PRIMARY_WORKSPACE, PRIMARY_TOKEN_FILE } = inheritedEnvironment();
  return (
    kind === 'git-http' || Boolean((workspace ?? PRIMARY_WORKSPACE) && (tokenFile ?? PRIMARY_TOKEN_FILE))
  );
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}
