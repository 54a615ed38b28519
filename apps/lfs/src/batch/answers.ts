import type { lfs } from '@antipode/contracts';
import type { LfsObject, LfsObjectError } from '@antipode/lfs-wire';
import { oneLine } from '../knowledge/one-line.js';

export const undecided = (object: LfsObject): lfs.AnsweredObject => ({
  object,
  undecided: true,
  actions: {},
  error: undefined,
});

export const answered = (object: LfsObject, actions: Record<string, lfs.Action>): lfs.AnsweredObject => ({
  object,
  undecided: false,
  actions,
  error: undefined,
});

/** @param code as an HTTP status */
export const refused = (object: LfsObject, { code, message }: LfsObjectError): lfs.AnsweredObject => ({
  object,
  undecided: false,
  actions: {},
  error: { code: code >= 400 && code <= 599 ? code : 502, message: oneLine(message) },
});

export const otherSize = (object: LfsObject): lfs.AnsweredObject =>
  refused(object, { code: 422, message: `This object has another size than ${object.size} bytes.` });
