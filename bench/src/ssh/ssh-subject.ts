import type { SshKeyPair } from '@antipode/testing';
import type { MeteredPart } from '../measure/cpu-meter.js';
import type { Side } from '../subject.js';

/** One of the two servers, at its SSH door. */
export interface SshSubject {
  readonly name: Side;
  /** `ssh://user@host:port` and what comes before `/<workspace>/<slug>.git`. */
  readonly origin: string;
  readonly key: SshKeyPair;
  readonly parts: readonly MeteredPart[];
}

export type SshSubjects = Readonly<Record<Side, SshSubject>>;
