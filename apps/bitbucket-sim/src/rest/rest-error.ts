import type { Json } from './shapes/links.js';

export interface ErrorDetails {
  readonly detail?: string | Json;
  readonly fields?: Readonly<Record<string, readonly string[]>>;
  readonly data?: Json;
}

/** A refusal in Bitbucket's own shape (§8). */
export class RestError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly details: ErrorDetails = {},
  ) {
    super(message);
  }

  toJson(): Json {
    return { type: 'error', error: { message: this.message, ...this.details } };
  }
}

export const badRequest = (message: string, details?: ErrorDetails): RestError =>
  new RestError(400, message, details);
export const badFields = (fields: Readonly<Record<string, readonly string[]>>): RestError =>
  new RestError(400, 'Bad request', { fields });
export const unauthorized = (): RestError =>
  new RestError(401, 'Token is invalid, expired, or not supported for this endpoint.');
export const forbidden = (message = 'Forbidden'): RestError => new RestError(403, message);
export const notFound = (message = 'Resource not found'): RestError => new RestError(404, message);
export const gone = (message: string): RestError => new RestError(410, message);
export const conflict = (message: string): RestError => new RestError(409, message);

export const lacksScopes = (granted: readonly string[], required: readonly string[]): RestError =>
  new RestError(403, 'Your credentials lack one or more required privilege scopes.', {
    detail: { granted: [...granted], required: [...required] },
  });

/** An operation that was removed (§13). */
export function removed(change: string): RestError {
  const data = { announcement_url: `https://developer.atlassian.com/cloud/bitbucket/changelog#${change}` };
  return new RestError(410, `${change} - Functionality has been deprecated`, {
    detail: 'Please read the changelog entry for more details.',
    data,
  });
}
