import { setTimeout as wait } from 'node:timers/promises';
import { isAntipodeError } from '@antipode/errors';
import type { MirrorClient, WorkspaceCredential } from '../mirror/mirror-client.js';
import type { Connection, MirrorStatus, Project } from '../mirror/shapes.js';
import type { Answer } from '../screen/answer.js';
import type { Paper } from '../screen/paper.js';
import { count } from '../screen/words.js';
import { BROKEN, phasesText, reasonOf, webhookText } from '../status/report-text.js';
import { EXIT, sentenceOf, stoppedShort } from '../stopped-short.js';
import { selectionText } from './projects.js';

export interface Watching {
  /** Is given a line for each thing that happens. */
  readonly say: (line: string) => void;
  readonly pollMs?: number;
}

const POLL_MS = 500;
/** The primary has answered to the credential already: what is left is one question of the registry's, and a listing. */
const WAIT_MS = 120_000;
/** The webhook is made right after the listing; where there is none for longer than this, its reason says why. */
const WEBHOOK_MS = 3_000;

/**
 * `connect`: to a workspace, or with a new credential to the same. Returns when the connection stands and the
 * repositories are known, or when it is suspended.
 *
 * @throws AntipodeError `conflict` for a connection by settings or to another workspace; `unauthenticated` for a
 *   credential that the primary does not take; `not_found` for a workspace that it does not show
 */
export async function connectMirror(
  client: MirrorClient,
  credential: WorkspaceCredential,
  { say, pollMs = POLL_MS }: Watching,
): Promise<Answer> {
  const { workspace } = credential;
  const before = await client.connection();
  requireFree(before, workspace);
  say(`Asking ${before.primary.name} about the workspace ${workspace} …`);
  const forgotten = before.keptData && before.keptData.workspace !== workspace ? before.keptData : undefined;
  const asked = await offer(client, credential, before.primary.name);
  if (forgotten) say(`What was kept of ${forgotten.workspace} is deleted.`);
  const settled = await untilSettled(client, asked, { say, pollMs });
  if (settled.state === 'suspended') return suspended(settled);
  say(`connected: looking for repositories and at the webhook`);
  const { connection, status } = await untilKnown(client, pollMs);
  // Listing them asks the primary once more; that it does not answer just now takes nothing from the connection.
  const projects = await client.projects().catch(() => undefined);
  return {
    json: {
      connection,
      projects: projects?.length ?? null,
      selection: status.selection,
      repositories: status.repositories,
    },
    text: (paper) => connectedText(paper, connection, status, projects),
  };
}

/** What the mirror would refuse anyway, in the words of this command. */
function requireFree({ state, managedBy, workspace, keptData }: Connection, wanted: string): void {
  if (managedBy === 'settings') throw bySettings();
  if (state === 'disconnecting')
    throw stoppedShort(
      'conflict',
      `The mirror is being disconnected from ${keptData?.workspace ?? workspace ?? 'its workspace'}. Connect it when that is ` +
        'done: `antipode disconnect` watches it.',
    );
  if (state !== 'unconnected' && workspace !== null && workspace !== wanted)
    throw stoppedShort(
      'conflict',
      `The mirror is connected to the workspace ${workspace}, and it mirrors one at a time. First \`antipode disconnect\`, which stops ` +
        `serving ${workspace}; then connect it to ${wanted}. Or run a second mirror beside it.`,
    );
}

/** For `connect` and `disconnect` alike. */
export const bySettings = (): Error =>
  stoppedShort(
    'conflict',
    "This mirror's connection comes from its settings (PRIMARY_KIND, PRIMARY_WORKSPACE, PRIMARY_TOKEN_FILE), and only they " +
      'change it. A new token: write it into the file that PRIMARY_TOKEN_FILE names, it is read anew. To connect by command: ' +
      'start the mirror without the latter two (`antipode up` without --workspace and --token-file; with the simulator: --no-demo).',
  );

async function offer(
  client: MirrorClient,
  credential: WorkspaceCredential,
  primary: string,
): Promise<Connection> {
  try {
    return await client.connect(credential);
  } catch (error) {
    if (!isAntipodeError(error)) throw error;
    const said = sentenceOf(error);
    if (error.code === 'invalid' && error.context['problems'] === undefined)
      throw stoppedShort('unauthenticated', `${said} ${credentialAdvice(credential)}`, {}, error);
    if (error.code === 'not_found')
      throw stoppedShort(
        'not_found',
        `${said} Is ${credential.workspace} the id in the workspace's URL at ${primary}, and was the token made for it?`,
        {},
        error,
      );
    throw error;
  }
}

const credentialAdvice = ({ email, username }: WorkspaceCredential): string =>
  email === undefined && username === undefined
    ? "Is it whole, not expired, and a workspace access token? A person's API token needs --email as well. Nothing was changed."
    : "Is it whole and not expired, and are --email and --username its owner's? A workspace access token needs neither. Nothing was changed.";

/** Says each step once. @returns connected or suspended */
async function untilSettled(
  client: MirrorClient,
  asked: Connection,
  { say, pollMs }: Required<Watching>,
): Promise<Connection> {
  const deadline = Date.now() + WAIT_MS;
  let said = '';
  for (let now = asked; ; now = await client.connection()) {
    if (now.state === 'connected' || BROKEN.has(now.state)) return now;
    if (now.state !== 'connecting')
      throw stoppedShort('conflict', 'Somebody has disconnected the mirror in the meantime.');
    const line = `connecting: ${reasonOf(now) || `${now.primary.name} has not answered yet.`}`;
    if (line !== said) say(line);
    said = line;
    if (Date.now() > deadline)
      throw stoppedShort(
        'timed_out',
        `Not connected after ${WAIT_MS / 1000} s. ${reasonOf(now)} It goes on by itself; \`antipode status\` shows how it is.`,
      );
    await wait(pollMs);
  }
}

/** Until everything was listed once and the webhook is decided, or as far as that has come. */
async function untilKnown(
  client: MirrorClient,
  pollMs: number,
): Promise<{ connection: Connection; status: MirrorStatus }> {
  const deadline = Date.now() + WAIT_MS;
  let webhookDeadline: number | undefined;
  for (;;) {
    const [connection, status] = await Promise.all([client.connection(), client.status()]);
    if (status.sweep.lastFullAt !== null) webhookDeadline ??= Date.now() + Math.min(WEBHOOK_MS, 6 * pollMs);
    const isDecided = connection.webhook.state !== 'polling' || Date.now() > (webhookDeadline ?? Infinity);
    if ((webhookDeadline !== undefined && isDecided) || Date.now() > deadline) return { connection, status };
    await wait(pollMs);
  }
}

function suspended(connection: Connection): Answer {
  const { workspace, error } = connection;
  const why = reasonOf(connection);
  return {
    json: { connection, projects: null, selection: null, repositories: null },
    text: ({ colours }) =>
      `${colours.red('suspended')}: ${why} ${error?.code === 'denied' ? 'Grant it what it lacks, or connect' : 'Connect'} with another token: ` +
      `antipode connect --workspace ${workspace ?? 'W'} --token-file F\n`,
    exit: EXIT.failed,
  };
}

function connectedText(
  paper: Paper,
  connection: Connection,
  { selection, repositories, sweep }: MirrorStatus,
  projects: readonly Project[] | undefined,
): string {
  const { colours } = paper;
  const { primary, workspace } = connection;
  const facts = [
    ['webhook', webhookText(paper, connection)],
    ...(projects
      ? [['projects', `${count(projects.length, 'project')} at the primary. ${selectionText(selection)}`]]
      : []),
    ['repositories', sweep.lastFullAt === null ? 'not all are listed yet' : phasesText(repositories)],
  ];
  const lines = facts.map(([name = '', value = '']) => `  ${colours.dim(name.padEnd(13))} ${value}\n`);
  return `${colours.green('Connected')} to ${primary.name}, workspace ${workspace ?? ''}\n${lines.join('')}`;
}
