import type { MirrorClient } from '../mirror/mirror-client.js';
import type { Chosen, Project, Selection } from '../mirror/shapes.js';
import type { Answer } from '../screen/answer.js';
import { table, type Paper } from '../screen/paper.js';
import { count, formatBytes } from '../screen/words.js';
import { stoppedShort } from '../stopped-short.js';

/** `projects list`: the primary's projects, and which of them are mirrored. */
export async function listProjects(client: MirrorClient): Promise<Answer> {
  const [projects, selection] = await Promise.all([client.projects(), client.selection()]);
  return {
    json: { mode: selection.mode, projects },
    text: (paper) => listText(paper, projects, selection),
  };
}

function listText(paper: Paper, projects: readonly Project[], selection: Selection): string {
  if (projects.length === 0)
    return selection.mode === 'all'
      ? 'This primary has no projects to choose from: everything is mirrored.\n'
      : 'The primary shows no projects. `antipode doctor` says whether the mirror is connected.\n';
  const { colours } = paper;
  const rows = projects.map(({ key, name, private: hidden, selected }) => [
    key,
    selected ? colours.green('mirrored') : colours.dim('-'),
    hidden ? 'private' : 'public',
    name,
  ]);
  return `${table(paper, ['PROJECT', 'MIRROR', 'ACCESS', 'NAME'], rows, 3)}\n${selectionText(selection)}\n`;
}

/** `projects add`: mirrors these projects as well. */
export async function addProjects(client: MirrorClient, keys: readonly string[]): Promise<Answer> {
  const [projects, before] = await Promise.all([client.projects(), client.selection()]);
  requireKnown(projects, keys);
  if (before.mode === 'all')
    return selected(before, 'All projects are mirrored already, those that come later as well.');
  const added = keys.filter((key) => !before.projectKeys.includes(key));
  if (added.length === 0) return selected(before, `${keys.join(', ')}: mirrored already.`);
  const after = await client.select({
    mode: 'selected',
    projectKeys: [...new Set([...before.projectKeys, ...added])],
  });
  return selected(
    selectionOf(after),
    `Mirroring ${added.join(', ')}. Watch the repositories arrive: antipode status --watch`,
  );
}

/** `projects all`: mirrors every project, and each that comes later. */
export async function allProjects(client: MirrorClient): Promise<Answer> {
  return selected(
    selectionOf(await client.select({ mode: 'all' })),
    'Mirroring all projects, those that come later as well. Watch: antipode status --watch',
  );
}

/** `projects remove`: stops mirroring these projects. With `dryRun` it only says what would go. */
export async function removeProjects(
  client: MirrorClient,
  keys: readonly string[],
  { dryRun = false, allowNarrowing = false }: { dryRun?: boolean; allowNarrowing?: boolean },
): Promise<Answer> {
  const [projects, before] = await Promise.all([client.projects(), client.selection()]);
  requireKnown(projects, [...keys], before.mode === 'selected' ? before.projectKeys : []);
  if (before.mode === 'all' && !allowNarrowing && !dryRun) throw narrowing();
  const mirrored = before.mode === 'all' ? projects.map(({ key }) => key) : before.projectKeys;
  const going = mirrored.filter((key) => keys.includes(key));
  if (going.length === 0)
    return {
      ...selected(before, `${keys.join(', ')}: not mirrored anyway.`),
      json: removal(before, [], dryRun),
    };
  const chosen = await client.select({
    mode: 'selected',
    projectKeys: mirrored.filter((key) => !going.includes(key)),
    dryRun,
    allowNarrowing: allowNarrowing || dryRun,
  });
  return {
    json: removal(dryRun ? before : selectionOf(chosen), chosen.change.removes.repositories, dryRun),
    text: (paper) => removalText(paper, going, chosen),
  };
}

/** Whoever said "all" meant the projects of tomorrow too; that must not end by the way. */
const narrowing = (): Error =>
  stoppedShort(
    'conflict',
    'All projects are mirrored, those that come later as well. To take one away is to go back to a list of projects, and ' +
      'later ones will be missing from it: say so with --allow-narrowing.',
  );

type Removed = Chosen['change']['removes']['repositories'];

const removal = (selection: Selection, repositories: Removed, dryRun: boolean): unknown => ({
  dryRun,
  removed: repositories.map(({ id, path, sizeBytes }) => ({ id, path, sizeBytes })),
  selection,
});

function removalText(paper: Paper, going: readonly string[], chosen: Chosen): string {
  const { dryRun, removes } = chosen.change;
  const what = `${going.join(', ')}: ${count(removes.count, 'repository', 'repositories')}, ${formatBytes(removes.sizeBytes)}`;
  const rows = removes.repositories.map(({ path, sizeBytes }) => [path, formatBytes(sizeBytes)]);
  const more = removes.count - rows.length;
  return [
    `${dryRun ? 'Would stop' : 'Stopped'} mirroring ${what}\n`,
    rows.length === 0 ? '' : table(paper, ['REPOSITORY', 'SIZE'], rows, 0),
    more > 0 ? `… and ${more} more\n` : '',
    dryRun
      ? 'Nothing was changed. Without --dry-run they are served no longer.\n'
      : `${selectionText(selectionOf(chosen))}\n`,
  ].join('');
}

const selectionOf = ({ mode, projectKeys = [] }: Chosen): Selection =>
  mode === 'all' ? { mode } : { mode, projectKeys };

/** @throws AntipodeError `not_found` naming what there is; `also` are known although the primary has them no more */
function requireKnown(
  projects: readonly Project[],
  keys: readonly string[],
  also: readonly string[] = [],
): void {
  const known = new Set([...projects.map(({ key }) => key), ...also]);
  const unknown = keys.filter((key) => !known.has(key));
  if (unknown.length === 0) return;
  const there = projects.map(({ key }) => key);
  throw stoppedShort(
    'not_found',
    `There is no project ${unknown.join(', ')}. ` +
      (there.length === 0
        ? 'The primary shows none: `antipode doctor` says whether the mirror is connected.'
        : `There ${there.length === 1 ? 'is' : 'are'} ${shortened(there)}; \`antipode projects list\` shows more.`),
  );
}

const shortened = (keys: readonly string[]): string =>
  keys.length <= 12 ? keys.join(', ') : `${keys.slice(0, 12).join(', ')}, … (${keys.length} in all)`;

const selected = (selection: Selection, sentence: string): Answer => ({
  json: { selection },
  text: () => `${sentence}\n`,
});

export function selectionText(selection: Selection): string {
  if (selection.mode === 'all') return 'All projects are mirrored, those that come later as well.';
  const { projectKeys } = selection;
  if (projectKeys.length === 0) return 'No project is mirrored. Choose one: antipode projects add KEY';
  return `Mirrored: ${shortened(projectKeys)}`;
}
