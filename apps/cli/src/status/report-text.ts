import type { MirrorView, StatusReport } from '../commands/status.js';
import { selectionText } from '../commands/projects.js';
import type { Connection } from '../mirror/shapes.js';
import type { Paper } from '../screen/paper.js';
import { count, formatAgo } from '../screen/words.js';
import type { PartStatus } from './read-parts.js';

/** States of a connection in which the mirror only has what it has. */
export const BROKEN: ReadonlySet<string> = new Set(['failing', 'suspended']);

/** Why a connection is not as it should be, by its own word. */
export const reasonOf = ({ reason, error }: Connection): string =>
  reason ?? (error ? `${error.message} (${error.code})` : '');

const CONNECT = 'antipode connect --workspace W --token-file F';

/** What a person can do about a connection; where there is a command for it, that, instead of the API's words. */
export function adviceFor({ state, nextStep, managedBy, workspace }: Connection): string {
  if (managedBy !== 'settings' && state === 'unconnected') return `Connect it: ${CONNECT}`;
  if (managedBy === 'api' && state === 'suspended')
    return `Give it a valid token: ${CONNECT.replace(' W ', ` ${workspace ?? 'W'} `)}`;
  return nextStep ?? '';
}

type AnsweringMirror = Extract<MirrorView, { error: null }>;

/** The whole report as lines. */
export function reportText(paper: Paper, report: StatusReport, now: number): string {
  if (!report.running) return `${report.message ?? 'Nothing runs.'}\n`;
  const parts = report.parts.length > 0 ? partsText(paper, report) : '';
  const mirror = report.mirror ? mirrorText(paper, report.mirror, now) : '';
  return [parts, mirror].filter(Boolean).join('\n');
}

function partsText({ colours }: Paper, { data, parts }: StatusReport): string {
  const line = ({ name, pid, state }: PartStatus): string =>
    `  ${name.padEnd(14)} ${String(pid).padStart(7)}  ${state === 'ready' ? colours.green(state) : colours.red(state)}\n`;
  return `${colours.bold(`The house on ${data ?? ''}`)}\n${parts.map(line).join('')}`;
}

function mirrorText(paper: Paper, mirror: MirrorView, now: number): string {
  const { colours } = paper;
  const title = `${colours.bold(`The mirror at ${mirror.url}`)}\n`;
  if (mirror.error !== null) return `${title}  ${colours.red(mirror.error.message)}\n`;
  const facts = mirrorFacts(paper, mirror, now);
  return title + facts.map(([name, value]) => `  ${colours.dim(name.padEnd(13))} ${value}\n`).join('');
}

function mirrorFacts(paper: Paper, mirror: AnsweringMirror, now: number): [name: string, value: string][] {
  const { connection, selection, repositories, nodes, sweep, checks } = mirror;
  return [
    ['connection', connectionText(paper, connection)],
    ['webhook', webhookText(paper, connection)],
    ['projects', selectionText(selection)],
    ['repositories', phasesText(repositories)],
    [
      'nodes',
      nodes.map(({ name, seenAt }) => `${name} (seen ${formatAgo(seenAt, now)})`).join(', ') ||
        'none has reported yet',
    ],
    ['sweep', sweepText(sweep, now)],
    [
      'needs',
      Object.entries(checks)
        .map(([name, state]) => checkText(paper, name, state))
        .join(', '),
    ],
    ...suspendedFacts(paper, mirror, now),
  ];
}

function connectionText({ colours }: Paper, connection: Connection): string {
  const { state, primary, workspace } = connection;
  const to = workspace === null ? primary.name : `${primary.name}, workspace ${workspace}`;
  if (state === 'connected') return `${colours.green('connected')} to ${to}`;
  const colour = BROKEN.has(state) ? colours.red : colours.yellow;
  const why = [reasonOf(connection), adviceFor(connection)].filter(Boolean).join(' ');
  return `${colour(state)} (${to})${why === '' ? '' : `: ${why}`}`;
}

/** Whether the primary tells the mirror of changes, and why not. */
export function webhookText({ colours }: Paper, { webhook }: Connection): string {
  if (webhook.state === 'active') return `${colours.green('active')}: the primary tells us of changes`;
  const why = webhook.reason ? `: ${webhook.reason}` : '';
  return webhook.state === 'polling' ? `polling only${why}` : `${webhook.state}${why}`;
}

/** "14: 12 ready, 1 cloning, 1 failing"; what there is none of is left out. */
export function phasesText({ total, byPhase }: AnsweringMirror['repositories']): string {
  const some = Object.entries(byPhase).filter(([, number]) => number > 0);
  const list = some.map(([phase, number]) => `${number} ${phase}`).join(', ');
  return list === '' ? String(total) : `${total}: ${list}`;
}

function sweepText({ lastAt, lastFullAt }: AnsweringMirror['sweep'], now: number): string {
  if (lastAt === null) return 'not yet';
  const full =
    lastFullAt === null ? 'a complete one not yet' : `a complete one ${formatAgo(lastFullAt, now)}`;
  return `${formatAgo(lastAt, now)}; ${full}`;
}

const checkText = ({ colours }: Paper, name: string, state: string): string =>
  `${name} ${state === 'ok' ? colours.green('ok') : colours.red(state)}`;

function suspendedFacts(
  { colours }: Paper,
  { removalSuspended }: AnsweringMirror,
  now: number,
): [name: string, value: string][] {
  if (removalSuspended == null) return [];
  const { count: number, since, paths } = removalSuspended;
  const which = paths.length > 0 ? ` (${paths.slice(0, 3).join(', ')}${number > 3 ? ', …' : ''})` : '';
  return [
    [
      'attention',
      colours.yellow(
        `${count(number, 'repository', 'repositories')} vanished from the primary ${formatAgo(since, now)}${which}, too many to be ` +
          `believed: they are kept until somebody agrees with POST /-/api/v1/removals/confirm {"count": ${number}}`,
      ),
    ],
  ];
}
