import { AntipodeError, type Code } from '@antipode/errors';
import type { LfsObjectError } from '@antipode/lfs-wire';
import { oneLine } from './one-line.js';

/** What the primary says of one object, as our own error. */
export function objectFailure({ code: status, message }: LfsObjectError): AntipodeError {
  return new AntipodeError(
    codeOf(status),
    'asking the primary for an object',
    { status },
    { hint: `The primary says: ${oneLine(message)}` },
  );
}

function codeOf(status: number): Code {
  if (status === 404 || status === 410) return 'not_found';
  if (status === 429 || status === 509) return 'primary_limited';
  if (status === 401 || status === 403) return 'denied';
  return status >= 500 ? 'primary_unavailable' : 'primary_misbehaved';
}
