import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { toAntipodeError, type AntipodeError, type Code } from '@antipode/errors';
import { LFS_MEDIA_TYPE, type LfsError } from '@antipode/lfs-wire';
import { closeAfter } from '@antipode/http-door';
import type { Visit } from '../session/visit.js';
import { AnsweredError } from './answered-error.js';
import { sendBytesAs, type Refusal } from './respond.js';
import { refusalFor } from './sentences.js';

/**
 * Where the LFS API wants another status than git does. git-lfs gives up at once where the API answers 5xx (501, 507 and
 * 509 apart) and honours 429, so whatever may go better in a moment is 429.
 */
const API_STATUS: Partial<Record<Code, number>> = {
  invalid: 422,
  unsupported: 501,
  not_connected: 429,
  busy: 429,
  timed_out: 429,
  primary_unavailable: 429,
  primary_limited: 429,
  primary_misbehaved: 429,
  service_unavailable: 429,
  mirror_damaged: 429,
  disk_full: 507,
  internal: 429,
};
const RETRY_AFTER_SECONDS = 10;

const SENTENCES: Partial<Record<Code, (primary: string) => string>> = {
  invalid: () => 'The request is not one that git-lfs makes.',
  unsupported: (primary) => `${primary} has no Git LFS for this repository.`,
};
const HINTED: ReadonlySet<Code> = new Set<Code>(['invalid', 'unsupported']);

/** `api`: the addresses below ".git/info/lfs". `storage`: those of objects, where git-lfs tries again by itself. */
export type LfsDoor = 'api' | 'storage';

export function lfsRefusalFor(error: AntipodeError, primary: string, door: LfsDoor): Refusal {
  const { code, hint } = error;
  const refusal = refusalFor(error, primary);
  const status = (door === 'api' ? API_STATUS[code] : undefined) ?? refusal.status;
  const retry = retryAfterOf(error);
  return {
    status,
    sentence: (HINTED.has(code) && hint) || SENTENCES[code]?.(primary) || refusal.sentence,
    headers: {
      ...(status === 429 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : {}),
      ...refusal.headers,
      ...(retry === undefined ? {} : { 'Retry-After': retry }),
      // The specification's own header, for which no browser asks for a password.
      ...(status === 401 ? { 'LFS-Authenticate': `Basic realm="${primary}"` } : {}),
    },
  };
}

/** Answers in the words of the LFS API. Spec: git-lfs docs/api/batch.md, "Response Errors". */
export function refuseLfs(
  response: ServerResponse,
  visit: Visit,
  { status, sentence, headers }: Refusal,
): void {
  visit.requestId ??= randomUUID();
  const body: LfsError = { message: sentence, request_id: visit.requestId };
  if (!response.req.complete) closeAfter(response);
  sendBytesAs(response, status, LFS_MEDIA_TYPE, Buffer.from(`${JSON.stringify(body)}\n`), headers);
}

/** Does the work; whatever it throws before the first byte is answered in JSON. @throws AnsweredError */
export async function answeringInJson(
  {
    response,
    visit,
    primary,
    door,
  }: { response: ServerResponse; visit: Visit; primary: string; door: LfsDoor },
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (response.headersSent || response.destroyed) throw error;
    const known = toAntipodeError(error, 'answering git-lfs');
    refuseLfs(response, visit, lfsRefusalFor(known, primary, door));
    throw new AnsweredError(known);
  }
}

/** As the primary said it: seconds or a date. */
function retryAfterOf({ context }: AntipodeError): string | undefined {
  const told = context['retryAfter'];
  return typeof told === 'string' && /^[\x20-\x7e]{1,64}$/.test(told) ? told : undefined;
}
