import { AntipodeError, type Code } from '@antipode/errors';

/** What Bitbucket's statuses mean here. Texts may be translated: they are shown, never branched on. */
const CODES: Readonly<Record<number, Code>> = {
  400: 'invalid',
  401: 'unauthenticated',
  402: 'denied',
  403: 'denied',
  404: 'not_found',
  409: 'conflict',
  // A workspace marked as spam, or an operation that Bitbucket has removed.
  410: 'not_found',
  413: 'too_large',
  429: 'primary_limited',
};

const LONGEST_HINT = 300;
const SCOPE = /^[a-z:_-]{1,64}$/;

/** @param body the parsed JSON of the answer; undefined where it was none (a proxy's HTML page). */
export function restError(
  status: number,
  context: Readonly<Record<string, unknown>>,
  body: unknown,
): AntipodeError {
  const code = CODES[status] ?? (status >= 500 ? 'primary_unavailable' : 'primary_misbehaved');
  const text = sentenceOf(body);
  const requiredScopes = scopesOf(body);
  const lacks = requiredScopes.length > 0 ? { requiredScopes } : {};
  const names = requiredScopes.length > 0 ? ` Needed: ${requiredScopes.join(', ')}.` : '';
  const options = text === '' || status >= 500 ? {} : { hint: `The primary says: ${text}${names}` };
  return new AntipodeError(code, 'asking the primary', { ...context, status, ...lacks }, options);
}

/** `detail.required` of the answer to a credential that lacks a scope; empty for every other. */
function scopesOf(body: unknown): string[] {
  const error = (body as { error?: { detail?: unknown } } | null | undefined)?.error;
  const required = (error?.detail as { required?: unknown } | null | undefined)?.required;
  return Array.isArray(required) ? required.filter(isText).filter((scope) => SCOPE.test(scope)) : [];
}

/** The message of `{"type":"error","error":{"message":…,"fields":{…}}}`, on one line. */
function sentenceOf(body: unknown): string {
  const error = (body as { error?: { message?: unknown; fields?: unknown } } | null | undefined)?.error;
  if (typeof error?.message !== 'string') return '';
  const fields =
    error.fields && typeof error.fields === 'object' ? Object.values(error.fields).flat().filter(isText) : [];
  return [error.message, ...fields]
    .join(' ')
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_HINT);
}

const isText = (value: unknown): value is string => typeof value === 'string';
