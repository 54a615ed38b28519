import { setTimeout as wait } from 'node:timers/promises';
import type { MirrorClient } from '../mirror/mirror-client.js';
import type { Connection } from '../mirror/shapes.js';
import type { Answer } from '../screen/answer.js';
import { count } from '../screen/words.js';
import { reasonOf } from '../status/report-text.js';
import { stoppedShort } from '../stopped-short.js';
import { bySettings, type Watching } from './connect.js';

export interface Disconnecting extends Watching {
  /** Asks the person. @throws AntipodeError `invalid` where nobody can be asked and nobody said yes */
  readonly confirm: (question: string) => Promise<boolean>;
}

const POLL_MS = 500;

/**
 * `disconnect`: says what that takes away, asks, and returns when webhook and credential are gone; with `now`, when
 * the data is gone as well. Where it is going on already it only watches.
 *
 * @throws AntipodeError `conflict` for a connection by settings; `cancelled` where the person says no
 */
export async function disconnectMirror(
  client: MirrorClient,
  { now = false }: { now?: boolean | undefined },
  { say, confirm, pollMs = POLL_MS }: Disconnecting,
): Promise<Answer> {
  const before = await client.connection();
  if (before.managedBy === 'settings') throw bySettings();
  if (isToBeAsked(before, now)) {
    for (const line of await consequences(client, before, now)) say(line);
    if (!(await confirm(questionOf(before))))
      throw stoppedShort('cancelled', 'Nothing was changed: the mirror is as it was.');
    await client.disconnect(now ? 'now' : 'kept');
  }
  const connection = await untilGone(client, now, { say, pollMs });
  const workspace = before.workspace ?? before.keptData?.workspace ?? null;
  return {
    json: { connection },
    text: () =>
      `${before.state === 'unconnected' ? 'The mirror is not connected.' : `Disconnected from ${before.primary.name}${workspace === null ? '' : `, workspace ${workspace}`}.`} ` +
      `${keptText(connection)}\n`,
  };
}

/** What goes on already needs no second yes, unless more is to be deleted, or sooner. */
function isToBeAsked({ state, keptData }: Connection, now: boolean): boolean {
  if (state !== 'unconnected' && state !== 'disconnecting') return true;
  return now && keptData != null && Date.parse(keptData.until) > Date.now();
}

const questionOf = ({ state, workspace, keptData }: Connection): string =>
  state === 'unconnected' || state === 'disconnecting'
    ? `Delete what is kept of ${keptData?.workspace ?? 'it'}?`
    : `Disconnect ${workspace ?? 'the mirror'}?`;

async function consequences(client: MirrorClient, connection: Connection, now: boolean): Promise<string[]> {
  const { state, workspace, primary, keptData } = connection;
  const deleted =
    'The list of repositories, the choice of projects and their policies are deleted now, and cannot be brought back.';
  if (state === 'unconnected' || state === 'disconnecting')
    return [
      `The mirror at ${client.mirror.url} keeps what belonged to the workspace ${keptData?.workspace ?? ''}.`,
      deleted,
    ];
  const { repositories } = await client.status();
  return [
    `This disconnects the mirror at ${client.mirror.url} from ${primary.name}, workspace ${workspace ?? ''}:`,
    `- ${count(repositories.total, 'repository is', 'repositories are')} no longer served, from this moment on, to anybody; ` +
      `at ${primary.name} nothing of them changes.`,
    '- The nodes delete their copies soon after that; connecting again clones anew.',
    '- The webhook is withdrawn and the token forgotten.',
    `- ${
      now
        ? deleted
        : 'The list of repositories, the choice of projects and their policies are kept for the grace time (GRACE_HOURS, ' +
          'a week unless it is set otherwise): connecting the same workspace before that brings them back. --now deletes them at once.'
    }`,
  ];
}

/** Says each reason once. For as long as it takes: the mirror itself gives up on the primary after an hour. */
async function untilGone(
  client: MirrorClient,
  now: boolean,
  { say, pollMs }: Required<Watching>,
): Promise<Connection> {
  let said = '';
  for (;;) {
    const connection = await client.connection();
    if (connection.state === 'unconnected' && (!now || connection.keptData == null)) return connection;
    if (connection.state !== 'unconnected' && connection.state !== 'disconnecting')
      throw stoppedShort('conflict', 'Somebody has connected the mirror again in the meantime.');
    const line =
      connection.state === 'unconnected' ? 'deleting what is kept' : `disconnecting: ${reasonOf(connection)}`;
    if (line !== said) say(line);
    if (said === '') say('Ctrl-C ends only this watching; the same command goes on with it.');
    said = line;
    await wait(pollMs);
  }
}

function keptText({ keptData }: Connection): string {
  if (keptData == null) return 'Nothing is kept.';
  const { workspace, until } = keptData;
  return (
    `What belonged to ${workspace} is kept until ${until.slice(0, 16).replace('T', ' ')} UTC: ` +
    `\`antipode connect --workspace ${workspace} --token-file F\` brings it back, ` +
    '`antipode disconnect --now` deletes it.'
  );
}
