import type { Repository } from '../mirror/shapes.js';
import type { SimulatorState } from '../parts/simulator.js';
import { formatBytes } from '../screen/words.js';
import type { CloneResult } from './clone.js';
import type { Traffic } from './primary-traffic.js';

export interface DemoOutcome {
  readonly project: string;
  readonly repositories: readonly Repository[];
  readonly syncSeconds: number;
  readonly syncTraffic: Traffic;
  readonly cloned: Repository;
  readonly cloneResult: CloneResult;
  readonly cloneTraffic: Traffic;
  readonly destination: string;
  readonly mirrorUrl: string;
  readonly mirrorSshUrl: string;
  readonly primaryUrl: string;
  readonly adminTokenFile: string;
  readonly sim: SimulatorState;
  readonly cloner: SimulatorState['users'][number];
}

/** What the demo did, as lines for the screen. */
export function whatHappened({
  project,
  repositories,
  syncSeconds,
  syncTraffic,
  cloned,
  cloneResult,
  cloneTraffic,
  cloner,
  destination,
}: DemoOutcome): string[] {
  return [
    '',
    'What happened',
    `  mirrored   ${repositories.length} repositories of project ${project}, in ${syncSeconds.toFixed(1)} s`,
    `             ${formatBytes(syncTraffic.bytes)} from the primary, in ${syncTraffic.requests} requests`,
    `  cloned     ${cloned.path} through the mirror as ${cloner.username}, in ${cloneResult.seconds.toFixed(2)} s (${cloneResult.commits} commits, in ${destination})`,
    `             ${formatBytes(cloneResult.packBytes)} from the mirror; ${formatBytes(cloneTraffic.bytes)} from the primary, which was asked whether ${cloner.username} may read it`,
    '',
  ];
}

/** What to do next, as lines for the screen; they hold the users' tokens. */
export function goOnWith({
  cloned,
  mirrorUrl,
  mirrorSshUrl,
  primaryUrl,
  adminTokenFile,
  sim,
  cloner,
}: DemoOutcome): string[] {
  const withUser = (url: string): string => url.replace('://', `://${cloner.username}:${cloner.apiToken}@`);
  return [
    'Go on with',
    `  git clone ${withUser(mirrorUrl)}/${cloned.path}.git`,
    `  git clone ${mirrorSshUrl}/${cloned.path}.git`,
    `    once ${cloner.username} has your key, and the account is linked at ${mirrorUrl}/-/link:`,
    `    curl -d "{\\"publicKey\\":\\"$(cat ~/.ssh/id_ed25519.pub)\\"}" ${primaryUrl}/_sim/users/${cloner.username}/ssh-keys`,
    '',
    `  the mirror   ${mirrorUrl} (open it in a browser; sign in as one of its users, or with the token in ${adminTokenFile})`,
    `  its REST     ${mirrorUrl}/-/api/v1/repositories (Authorization: Bearer, with the same token)`,
    `  the primary  ${primaryUrl}, a simulated Bitbucket with the workspace ${sim.workspace}`,
    '  its users    password for git and REST is the API token',
    ...sim.users.map(
      ({ role, username, email, apiToken }) =>
        `    ${role.padEnd(9)} ${username.padEnd(10)} ${email.padEnd(26)} ${apiToken}`,
    ),
    '',
  ];
}
