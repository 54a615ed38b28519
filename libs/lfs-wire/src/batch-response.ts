import type { LfsObject } from './lfs-object.js';

/** Where to send or fetch bytes, or to confirm that they were sent. */
export interface LfsAction {
  /** Opaque: another host's link is kept byte for byte. */
  readonly href: string;
  readonly header?: Readonly<Record<string, string>>;
  /** Seconds from now on; preferred to a date, since clocks differ. */
  readonly expires_in?: number;
  readonly expires_at?: string;
}

export type LfsActionName = 'download' | 'upload' | 'verify';

export interface LfsObjectError {
  /** As an HTTP status: 404, 409 (another hash), 410, 422 (nonsense), 507… */
  readonly code: number;
  readonly message: string;
}

/** One object of the answer. Without actions and without an error: there is nothing to do. */
export interface AnsweredObject extends LfsObject {
  readonly authenticated?: boolean;
  readonly actions?: Readonly<Partial<Record<LfsActionName, LfsAction>>>;
  readonly error?: LfsObjectError;
}

/** The answer of `POST …/objects/batch`: as many objects as in the question. Spec: git-lfs docs/api/batch.md. */
export interface BatchResponse {
  /** One that the client named: an older one takes a missing name for "basic", a newer one may not. */
  readonly transfer: string;
  readonly objects: readonly AnsweredObject[];
  readonly hash_algo?: 'sha256';
}

/** A whole answer that is an error. Spec: git-lfs docs/api/batch.md, "Response Errors". */
export interface LfsError {
  /** Shown to the person. */
  readonly message: string;
  readonly documentation_url?: string;
  readonly request_id?: string;
}
