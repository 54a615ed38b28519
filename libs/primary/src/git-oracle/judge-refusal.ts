import type { Verdict } from '../primary.js';

/**
 * What a 403 means. A host that hides ("either does not exist or you do not have access") or says nothing that a person
 * could read is hiding: not_found. Every other sentence is a reason that the caller can act on: denied.
 *
 * The text is judged here and nowhere else, and only to choose between two refusals: a translated one is shown as denied.
 */
export function judgeRefusal(contentType: string, text: string): Verdict {
  const message = isText(contentType) ? readable(text) : '';
  return message === '' || /\bdoes not exist\b/i.test(message)
    ? { kind: 'not_found' }
    : { kind: 'denied', message };
}

const isText = (contentType: string): boolean =>
  contentType === '' || /^text\/plain\b/i.test(contentType.trim());

/** One line without control characters: it goes to somebody's terminal. */
const readable = (text: string): string => text.replace(/[\p{C}\s]+/gu, ' ').trim();
