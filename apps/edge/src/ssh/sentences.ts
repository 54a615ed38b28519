import type { RepositoryPath, Right } from '@antipode/domain';
import type { AntipodeError, Code } from '@antipode/errors';
import type { Primary } from '@antipode/primary';
import { refusalFor } from '../http/sentences.js';
import { NotMirrored } from '../session/not-mirrored.js';

/** What every sentence of this door may have to name. */
export interface Names {
  readonly primary: Primary;
  /** This mirror's base over SSH: "ssh://git@mirror:7999". */
  readonly sshUrl: string;
  /** This mirror's base over HTTP: pages are there. */
  readonly publicUrl: string;
  /** Whether a forwarded agent could be used. */
  readonly agents: 'relayed' | 'off';
}

type Sentence = (names: Names) => string;

/** Where this door has to say it in other words than the HTTP door. */
const SENTENCES: Partial<Record<Code, Sentence>> = {
  invalid: () => 'This is not what git says here.',
  unauthenticated: ({ primary, publicUrl }) =>
    `${primary.displayName} does not let your key's account in any more. Link it again:\n\n    ${publicUrl}/-/link\n`,
  timed_out: () => 'Nothing has moved for a long time, so this mirror gave up. Try again.',
  too_many_failures: () => 'Too many unknown keys from your address. Wait a minute, then try again.',
};

/** One failure as the person at the terminal should see it. */
export function sentenceFor(error: AntipodeError, names: Names): string {
  if (error.hint && (HINTED.has(error.code) || error instanceof NotMirrored)) return error.hint;
  return SENTENCES[error.code]?.(names) ?? refusalFor(error, names.primary.displayName).sentence;
}

/** Codes whose hint is written for the person at the terminal: by auth, by the primary, or by this door. */
const HINTED: ReadonlySet<Code> = new Set<Code>([
  'denied',
  'unauthenticated',
  'too_many_failures',
  'not_connected',
  'busy',
  'primary_misbehaved',
]);

export const greeting = (name: string, { primary, sshUrl }: Names): string =>
  `Hello, ${printable(name)}. This is Antipode, a mirror of ${primary.displayName}: git works here, shells do not.\n\n` +
  `Clone with the path that you use on ${primary.displayName}:\n\n    git clone ${sshUrl}/<workspace>/<repository>.git\n`;

export const greetingForGuest = (names: Names): string =>
  `This is Antipode, a mirror of ${names.primary.displayName}: git works here, shells do not.\n\n${notLinked(names)}`;

/** Before a guest comes in; shown by ssh. */
export const loginInstructions = ({ primary, publicUrl }: Names): string =>
  `None of the SSH keys that you offered is linked here. To link your ${primary.displayName} account: ${publicUrl}/-/link\n`;

const notLinked = ({ publicUrl, primary }: Names): string =>
  `None of the SSH keys that you offered is linked here. Link your ${primary.displayName} account once, and all of its keys ` +
  `work:\n\n    ${publicUrl}/-/link\n\nIf the key was added just now, try again in a moment.\n`;

export interface GuestRequest {
  readonly right: Right;
  readonly path: RepositoryPath | undefined;
  readonly lendsAgent: boolean;
}

/** A guest asks for a repository: the same for each, whether or not it exists. */
export function guestSentence({ right, path, lendsAgent }: GuestRequest, names: Names): string {
  const { primary, publicUrl } = names;
  const push = path === undefined ? '' : pushElsewhere(path, names);
  const fetch =
    path === undefined
      ? ''
      : `Or fetch over HTTPS with the credentials that you use for ${primary.displayName}:\n\n` +
        `    git remote set-url origin ${publicUrl}/${path}.git\n`;
  const agent =
    names.agents === 'relayed'
      ? `Or lend this mirror your SSH agent for one command:\n\n    git -c core.sshCommand='ssh -A' …\n`
      : lendsAgent
        ? `This mirror makes no use of your SSH agent: its administrator has not told it ${primary.displayName}'s SSH host keys.\n`
        : '';
  return [notLinked(names), right === 'write' ? push : fetch, agent].filter(Boolean).join('\n');
}

/** The line that lets somebody fetch here and push to the primary. */
export const pushElsewhere = (path: RepositoryPath, { primary }: Names): string =>
  `To push to ${primary.displayName} itself; fetches stay here:\n\n` +
  `    git remote set-url --push origin ${primary.sshUrl ? `${primary.sshUrl}/${primary.sshPath(path)}` : primary.gitUrl(path)}\n`;

export const NO_SUCH_COMMAND =
  'This mirror runs git-upload-pack (fetch) and git-receive-pack (push), and nothing else.';
export const NO_SUBSYSTEM = 'This mirror has no file transfer: git alone works here.';
export const NO_LFS_TRANSFER = 'LFS objects travel over HTTPS here: git-lfs goes on that way by itself.';
export const CLOSING = 'This mirror is being restarted. Try again in a few seconds.';
export const TOO_MANY_COMMANDS =
  'You are running too many commands here at once. Try again when one has ended.';

/** A name comes from elsewhere; a terminal must not obey it. */
const printable = (name: string): string => name.replace(/\p{C}/gu, '').slice(0, 200) || 'friend';
