import { findRepository } from '../mirror/find-repository.js';
import type { MirrorClient } from '../mirror/mirror-client.js';
import type { Repository } from '../mirror/shapes.js';
import type { Answer } from '../screen/answer.js';
import type { Paper } from '../screen/paper.js';
import { shellWord } from '../screen/printable.js';
import { stoppedShort } from '../stopped-short.js';

interface Urls {
  readonly clone: string;
  readonly push: string;
  /** What machines and CI rewrite: every URL that begins with `primary` is read from `mirror`. */
  readonly mirrorBase: string;
  readonly primaryBase: string;
}

/**
 * `clone-url`: the mirror's URL of a repository, and the lines that let git use it.
 *
 * Without a terminal it prints the URL alone, for `git clone "$(antipode clone-url team/site)"`.
 */
export async function cloneUrl(
  client: MirrorClient,
  name: string,
  { ssh = false }: { ssh?: boolean },
): Promise<Answer> {
  const repository = await findRepository(client, name);
  const urls = ssh ? sshUrls(client, repository) : httpsUrls(repository);
  return {
    json: {
      path: repository.path,
      clone: urls.clone,
      push: urls.push,
      insteadOf: { mirror: urls.mirrorBase, primary: urls.primaryBase },
      commands: commandsFor(urls),
    },
    text: (paper) => (paper.isTerminal ? explained(paper, repository, urls) : `${urls.clone}\n`),
  };
}

function httpsUrls({ path, cloneUrls, pushUrl }: Repository): Urls {
  const clone = cloneUrls.https;
  if (clone === null)
    throw stoppedShort(
      'unsupported',
      'The mirror does not know its own address: set PUBLIC_URL of its registry (docs/settings.md).',
    );
  return { clone, push: pushUrl, mirrorBase: baseOf(clone, path), primaryBase: baseOf(pushUrl, path) };
}

function sshUrls({ mirror: { house } }: MirrorClient, { path, cloneUrls, pushUrl }: Repository): Urls {
  const clone = cloneUrls.ssh ?? (house ? `${house.mirror.ssh}/${path}.git` : undefined);
  const ofHouse = house?.primary.ssh ? `${house.primary.ssh}/${path}.git` : undefined;
  const push = asPrinted(cloneUrls.primary?.ssh ?? ofHouse ?? derived(pushUrl, path));
  if (clone === undefined || push === undefined)
    throw stoppedShort(
      'unsupported',
      'This mirror does not say its SSH address here: ask whoever runs it for SSH_URL of its edge, or clone over HTTPS (without --ssh).',
    );
  return { clone, push, mirrorBase: baseOf(clone, path), primaryBase: baseOf(push, path) };
}

const BITBUCKET_SSH = 'ssh://git@bitbucket.org/';

/** An older mirror names only the primary's HTTPS URL; where that is Bitbucket its SSH side is known. */
const derived = (pushUrl: string, path: string): string | undefined =>
  new URL(pushUrl).hostname === 'bitbucket.org' ? `${BITBUCKET_SSH}${path}.git` : undefined;

/** Bitbucket prints `git@bitbucket.org:…`, so that is what people have in their clones. */
const asPrinted = (url: string | undefined): string | undefined =>
  url?.startsWith(BITBUCKET_SSH) ? `git@bitbucket.org:${url.slice(BITBUCKET_SSH.length)}` : url;

/** What stands before the repository's path. */
function baseOf(url: string, path: string): string {
  const at = url.lastIndexOf(path);
  return at === -1 ? url : url.slice(0, at);
}

const commandsFor = ({ clone, push, mirrorBase, primaryBase }: Urls): Record<string, string> => ({
  clone: `git clone ${shellWord(clone)}`,
  setUrl: `git remote set-url origin ${shellWord(clone)}`,
  setPushUrl: `git remote set-url --push origin ${shellWord(push)}`,
  insteadOf: `git config --global ${shellWord(`url.${mirrorBase}.insteadOf`)} ${shellWord(primaryBase)}`,
});

function explained({ colours }: Paper, { path }: Repository, urls: Urls): string {
  const { clone, setUrl, setPushUrl, insteadOf } = commandsFor(urls);
  return [
    colours.bold(path),
    '',
    'Clone from the mirror:',
    `  ${clone ?? ''}`,
    '',
    'In a clone that you have: read from the mirror, push to the primary:',
    `  ${setUrl ?? ''}`,
    `  ${setPushUrl ?? ''}`,
    '',
    'For machines and CI: whatever names the primary is read from the mirror; pushes go through it:',
    `  ${insteadOf ?? ''}`,
    '',
  ].join('\n');
}
