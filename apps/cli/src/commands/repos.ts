import { setTimeout as wait } from 'node:timers/promises';
import { findRepository } from '../mirror/find-repository.js';
import type { MirrorClient } from '../mirror/mirror-client.js';
import type { Repository } from '../mirror/shapes.js';
import type { Answer } from '../screen/answer.js';
import { table, type Paper } from '../screen/paper.js';
import { count, formatAgo, formatBytes, formatDuration } from '../screen/words.js';
import { EXIT, stoppedShort } from '../stopped-short.js';

export interface ListOptions {
  readonly project?: string;
  readonly phase?: string;
  readonly query?: string;
  readonly limit?: number;
}

/** `repos list`: all that match, by path. */
export async function listRepositories(
  client: MirrorClient,
  { project, phase, query, limit }: ListOptions,
): Promise<Answer> {
  const filter = {
    ...(project === undefined ? {} : { project }),
    ...(phase === undefined ? {} : { phase }),
    ...(query === undefined ? {} : { q: query }),
  };
  const { values, total } = await client.repositories(filter, limit);
  return {
    json: { total, repositories: values },
    text: (paper) => listText(paper, values, total, Object.keys(filter).length > 0),
  };
}

function listText(
  paper: Paper,
  repositories: readonly Repository[],
  total: number,
  filtered: boolean,
): string {
  if (repositories.length === 0)
    return filtered
      ? 'No mirrored repository is like that.\n'
      : 'No repository is mirrored yet. Choose a project: antipode projects add KEY\n';
  const rows = repositories.map((repository) => [
    repository.path,
    repository.projectKey,
    phaseText(paper, repository),
    lagText(repository),
    formatBytes(repository.sizeBytes),
    repository.error?.message ?? '',
  ]);
  const most = total > repositories.length ? `${repositories.length} of ` : '';
  return (
    table(paper, ['REPOSITORY', 'PROJECT', 'STATE', 'LAG', 'SIZE', ''], rows, 5) +
    `\n${most}${count(total, 'repository', 'repositories')}\n`
  );
}

/** `repos show`: one, node by node. */
export async function showRepository(client: MirrorClient, name: string, now = Date.now()): Promise<Answer> {
  const repository = await findRepository(client, name);
  return { json: repository, text: (paper) => showText(paper, repository, now) };
}

function showText(paper: Paper, repository: Repository, now: number): string {
  const { colours } = paper;
  const facts = [
    ['state', phaseText(paper, repository)],
    ['in sync', repository.confirmedAt ? `as of ${formatAgo(repository.confirmedAt, now)}` : 'not yet'],
    ['project', `${repository.projectKey} (${repository.public ? 'public' : 'private'})`],
    ['size', formatBytes(repository.sizeBytes)],
    ['received', formatBytes(repository.receivedBytesTotal)],
    ...largeFiles(repository),
    ...verified(repository, now),
    ['clone', repository.cloneUrls.https ?? 'unknown: the mirror has no PUBLIC_URL'],
    ['push', repository.pushUrl],
    ['id', repository.id],
    ...(repository.error ? [['error', `${repository.error.message} (${repository.error.code})`]] : []),
  ];
  const lines = facts.map(([name = '', value = '']) => `  ${colours.dim(name.padEnd(9))} ${value}\n`);
  return `${colours.bold(repository.path)}\n${lines.join('')}${nodesText(paper, repository, now)}`;
}

/** Nothing where there are none, as in most repositories. */
function largeFiles({ lfs }: Repository): string[][] {
  if (!lfs || lfs.objects + lfs.missing === 0) return [];
  const here = `${count(lfs.objects, 'object')}, ${formatBytes(lfs.bytes)}`;
  const why = lfs.error ? `: ${lfs.error.message}` : '';
  return [['lfs', lfs.missing === 0 ? here : `${here}; ${lfs.missing} missing${why}`]];
}

/** Nothing where nobody has ever asked for it. */
const verified = ({ verification }: Repository, now: number): string[][] =>
  verification
    ? [['verified', `${verification.state}, ${formatAgo(verification.at, now)}: ${verification.message}`]]
    : [];

function nodesText(paper: Paper, { nodes }: Repository, now: number): string {
  if (nodes.length === 0) return '\nNo node has reported it yet.\n';
  const rows = nodes.map((node) => [
    node.node,
    phaseText(paper, node),
    String(node.epoch),
    lagText(node),
    formatAgo(node.reportedAt, now),
    node.error?.message ?? '',
  ]);
  return `\n${table(paper, ['NODE', 'STATE', 'EPOCH', 'LAG', 'REPORTED', ''], rows, 5)}`;
}

const POLL_MS = 500;

/**
 * `repos sync`: every node syncs these now.
 *
 * @param waitSeconds how long to wait until each has been found equal to the primary again; absent: not at all
 */
export async function syncRepositories(
  client: MirrorClient,
  names: readonly string[],
  { waitSeconds }: { waitSeconds?: number | undefined } = {},
): Promise<Answer> {
  const before = [];
  // One by one: an unknown name must stop us before anything is asked for.
  for (const name of names) before.push(await findRepository(client, name));
  for (const { id } of before) await client.sync(id);
  const after = waitSeconds === undefined ? before : await untilSynced(client, before, waitSeconds);
  const failed = waitSeconds !== undefined && after.some(({ error }) => error != null);
  return {
    json: {
      repositories: after.map(({ id, path, phase, confirmedAt, error }) => ({
        id,
        path,
        phase,
        confirmedAt,
        error,
      })),
    },
    text: () =>
      after
        .map((one) =>
          waitSeconds === undefined ? `${one.path}: asked for\n` : `${one.path}: ${syncedText(one)}\n`,
        )
        .join(''),
    exit: failed ? EXIT.failed : EXIT.ok,
  };
}

async function untilSynced(
  client: MirrorClient,
  before: readonly Repository[],
  seconds: number,
): Promise<Repository[]> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const now = await Promise.all(before.map(({ id }) => client.repository(id)));
    const waiting = now.filter((one, index) => !isNewer(one, before[index]));
    if (waiting.length === 0) return now;
    if (Date.now() > deadline)
      throw stoppedShort(
        'timed_out',
        `Not in sync after ${seconds} s: ${waiting.map(({ path, phase }) => `${path} (${phase})`).join(', ')}. ` +
          '`antipode repos show` says more; it goes on by itself.',
      );
    await wait(POLL_MS);
  }
}

const isNewer = (now: Repository, before: Repository | undefined): boolean =>
  now.error != null ||
  (now.phase === 'ready' && now.confirmedAt != null && now.confirmedAt !== before?.confirmedAt);

const syncedText = ({ error, epoch }: Repository): string =>
  error ? `${error.message} (${error.code})` : `in sync (epoch ${epoch})`;

const COLOUR_OF: Record<string, 'green' | 'cyan' | 'red' | 'yellow'> = {
  ready: 'green',
  cloning: 'cyan',
  syncing: 'cyan',
  failing: 'red',
};

/** "cloning 42 %", in its colour. */
function phaseText({ colours }: Paper, { phase, progress }: Pick<Repository, 'phase' | 'progress'>): string {
  const text = progress ? `${phase} ${progress.percent} %` : phase;
  const colour = COLOUR_OF[phase];
  return colour ? colours[colour](text) : text;
}

const lagText = ({ lagSeconds }: Pick<Repository, 'lagSeconds'>): string =>
  lagSeconds == null ? '-' : formatDuration(lagSeconds * 1000);
