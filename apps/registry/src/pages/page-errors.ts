import type { AntipodeError, Code } from '@antipode/errors';
import { markup, type Page } from '@antipode/web-pages';
import type { Viewer } from '../people/viewer.js';

interface Words {
  readonly status: number;
  readonly title: string;
  readonly sentence: string;
  /** What a person can do. */
  readonly next: string;
}

const AGAIN = 'Try again in a moment.';
const TELL = 'If it stays so, tell the people who run this mirror.';
const AWAY: Words = {
  status: 503,
  title: 'Not possible at the moment',
  sentence: 'A part of the mirror does not answer.',
  next: `${AGAIN} Clones and fetches go on. ${TELL}`,
};
const OURS: Words = {
  status: 500,
  title: 'Something went wrong here',
  sentence: 'That was a mistake of ours, and it has been written down.',
  next: `${AGAIN} ${TELL}`,
};
const PRIMARY: Words = {
  status: 502,
  title: 'The primary did not answer',
  sentence: 'The host that this mirror follows gave no answer that could be used.',
  next: `${AGAIN} What is mirrored is served on.`,
};
const UNREADABLE: Words = {
  status: 400,
  title: 'That could not be read',
  sentence: 'The request was not one that a page of this mirror makes.',
  next: 'Go back, load the page anew, and try again.',
};

/** What a person with a browser reads, for every way in which a page can end badly. */
const WORDS: Record<Code, Words> = {
  invalid: UNREADABLE,
  unauthenticated: {
    status: 403,
    title: 'You are not signed in',
    sentence: 'The mirror does not know who you are, or no longer does.',
    next: 'Sign in, then open this page again.',
  },
  denied: {
    status: 403,
    title: 'This is not for you',
    sentence: 'Only administrators may do this.',
    next: 'Ask an administrator of the workspace, or sign in as one.',
  },
  not_found: {
    status: 404,
    title: 'There is nothing here',
    sentence: 'It does not exist, is not mirrored, or is not for you to see.',
    next: 'Check the address. A repository that you can open at the primary and not here may not be mirrored.',
  },
  conflict: {
    status: 409,
    title: 'The state is another by now',
    sentence: 'Somebody or something was faster.',
    next: 'Look at what it is now, then try again.',
  },
  too_large: { ...UNREADABLE, status: 413, title: 'That was too much' },
  unsupported: {
    status: 422,
    title: 'This mirror cannot do that',
    sentence: 'The host that it follows does not have it.',
    next: 'Nothing helps here; the settings of the mirror decide.',
  },
  too_many_failures: {
    status: 429,
    title: 'Too many requests',
    sentence: 'Too many failed attempts came from your address.',
    next: 'Wait a minute, then try again.',
  },
  not_connected: {
    status: 409,
    title: 'The mirror is not connected',
    sentence: 'It has no connection to a workspace, or the primary no longer takes its credential.',
    next: 'An administrator connects it, on the overview.',
  },
  busy: { ...AWAY, sentence: 'The mirror has its hands full.' },
  timed_out: { ...AWAY, sentence: 'It took too long.' },
  cancelled: AWAY,
  primary_unavailable: PRIMARY,
  primary_limited: { ...PRIMARY, sentence: 'The host that this mirror follows limits its requests.' },
  primary_misbehaved: PRIMARY,
  service_unavailable: AWAY,
  mirror_damaged: OURS,
  disk_full: { ...OURS, sentence: 'The disk of the mirror is full.' },
  internal: OURS,
};

/** Never more than the error says to callers: its code's words, or its hint. */
export function pageOfError(error: AntipodeError, viewer: Viewer, path: string): Page {
  const { status, title, sentence, next } = WORDS[error.code];
  return {
    status,
    title,
    body: markup`<p>${error.code === 'not_found' ? sentence : (error.hint ?? sentence)}</p>
<p class="soft">${next}</p>
<div class="actions">
${viewer.kind === 'anonymous' ? markup`<a class="button" href="/-/sign-in?return=${encodeURIComponent(path)}">Sign in</a>` : undefined}
<a class="button quiet" href="/-/">To the overview</a>
</div>`,
  };
}
