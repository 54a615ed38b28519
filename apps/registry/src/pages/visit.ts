import type { IncomingMessage } from 'node:http';
import type { Page } from '@antipode/web-pages';
import type { Initiator } from '../audit/initiator.js';
import type { Viewer } from '../people/viewer.js';

/** Somebody opens a page, or sends one of its forms. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly viewer: Viewer;
  /** For the forms of the page. */
  readonly csrf: string;
  /** For the audit log. */
  readonly by: Initiator;
}

/** On to another page: what a form has changed must not be changed again by loading anew. */
export interface Moved {
  readonly location: string;
  /** A `Set-Cookie` header. */
  readonly cookie?: string;
}

export type Answer = Page | Moved;

export const isMoved = (answer: Answer): answer is Moved => 'location' in answer;

/** A path below `/-/` that a form may send people back to; undefined for every other text. */
export function readReturn(text: string | null): string | undefined {
  if (text === null || text.length > 512 || !text.startsWith('/-/')) return undefined;
  // No host of somebody else's, no control characters in a header.
  return /\/\/|\\|[^!-~]/.test(text) ? undefined : text;
}
