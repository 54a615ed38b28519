import type { AntipodeError, Code } from '@antipode/errors';
import { NotMirrored } from '../session/not-mirrored.js';
import type { Refusal } from './respond.js';

/** Bitbucket's own words, for whatever is missing, hidden or not mirrored. */
export const NOT_FOUND_SENTENCE =
  'The requested repository either does not exist or you do not have access. If you believe this repository ' +
  "exists and you have access, make sure you're authenticated.";

const STATUS: Record<Code, number> = {
  invalid: 400,
  unauthenticated: 401,
  denied: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  unsupported: 415,
  too_many_failures: 429,
  not_connected: 503,
  busy: 503,
  timed_out: 504,
  // The client is gone; nobody reads it.
  cancelled: 499,
  primary_unavailable: 503,
  primary_limited: 503,
  primary_misbehaved: 502,
  service_unavailable: 503,
  mirror_damaged: 503,
  disk_full: 503,
  internal: 500,
};

const RETRY_AFTER_SECONDS: Partial<Record<Code, number>> = {
  too_many_failures: 60,
  not_connected: 30,
  busy: 5,
  primary_unavailable: 10,
  primary_limited: 30,
  service_unavailable: 5,
};

type Sentence = (primary: string) => string;

const SENTENCES: Record<Code, Sentence> = {
  invalid: () => 'The request is not one that git makes.',
  unauthenticated: (primary) => `Sign in with the credentials that you use for ${primary}.`,
  denied: (primary) => `${primary} does not allow this.`,
  not_found: () => NOT_FOUND_SENTENCE,
  conflict: () => 'Something else changed this at the same moment. Try again.',
  too_large: () => 'The request is larger than this mirror takes.',
  unsupported: () => 'The request is encoded in a way that this mirror does not read.',
  too_many_failures: () =>
    'Too many failed attempts to sign in from your address. Wait a minute, then try again.',
  not_connected: (primary) =>
    `This mirror is not connected to ${primary} yet. Its administrator can connect it.`,
  busy: () => 'This mirror is busy. Try again in a few seconds.',
  timed_out: () => 'The request took too long. Try again.',
  cancelled: () => 'The request was given up.',
  primary_unavailable: (primary) =>
    `${primary} cannot be reached, and this mirror serves nothing that ${primary} cannot confirm. Try again in a few minutes.`,
  primary_limited: (primary) =>
    `${primary} answers this mirror with "too many requests". Try again in a minute.`,
  primary_misbehaved: (primary) =>
    `${primary} gave an answer that makes no sense. Try again, or clone from ${primary} itself.`,
  service_unavailable: () => 'A part of this mirror cannot be reached. Try again in a few seconds.',
  mirror_damaged: (primary) =>
    `This mirror's copy is damaged and is being repaired. Clone from ${primary} meanwhile.`,
  disk_full: () => "This mirror's disk is full. Its administrator has to make room.",
  internal: () =>
    'Something went wrong in this mirror. Try again; its administrator finds the reason in the log.',
};

/** The hint is written for the caller only where the primary, or auth, wrote it. */
const HINTED: ReadonlySet<Code> = new Set<Code>(['denied', 'too_many_failures', 'not_connected']);

const isHinted = (error: AntipodeError): boolean => HINTED.has(error.code) || error instanceof NotMirrored;

/** One failure as the person at the terminal should see it. */
export function refusalFor(error: AntipodeError, primary: string): Refusal {
  const { code } = error;
  const told = error.context['retryAfterSeconds'];
  const retryAfter = typeof told === 'number' ? told : RETRY_AFTER_SECONDS[code];
  return {
    status: STATUS[code],
    sentence: (isHinted(error) && error.hint) || SENTENCES[code](primary),
    headers: {
      ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
      ...(code === 'unauthenticated' ? { 'WWW-Authenticate': `Basic realm="${primary}"` } : {}),
    },
  };
}
