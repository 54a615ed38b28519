import { join } from 'node:path';
import { PRIMARY_TOKEN } from '../parts/all-parts.js';
import type { SimulatorState } from '../parts/simulator.js';
import { shellWord } from '../screen/printable.js';
import type { Screen } from '../screen/screen.js';

export interface Unconnected {
  readonly dataFolder: string;
  /** The mirror's base URL. */
  readonly mirrorUrl: string;
  readonly sim: SimulatorState | undefined;
}

/** Tells a person how a mirror without a workspace comes to one. */
export function tellHowToConnect(screen: Screen, { dataFolder, mirrorUrl, sim }: Unconnected): void {
  screen.say('It is not connected to a workspace yet.');
  screen.say(`  in a browser  ${mirrorUrl}/-/`);
  const owner = sim?.users.find(({ role }) => role === 'owner');
  // Her token is a password.
  if (owner)
    screen.confide(
      `                the primary's own page asks who you are: ${owner.username}, with the password ${owner.apiToken}`,
    );
  screen.say(`  by command    ${connectCommand(dataFolder, sim)}`);
}

function connectCommand(dataFolder: string, sim: SimulatorState | undefined): string {
  const [workspace, file] = sim ? [sim.workspace, join(dataFolder, 'secrets', PRIMARY_TOKEN)] : ['W', 'F'];
  return `antipode connect --data ${shellWord(dataFolder)} --workspace ${workspace} --token-file ${shellWord(file)}`;
}
