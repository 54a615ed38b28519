import type { GitCredential } from '@antipode/testing';
import type { MeteredPart } from './measure/cpu-meter.js';

/** One of the two servers that are compared. */
export interface Subject {
  readonly name: 'baseline' | 'mirror';
  /** `http://host:port`; repositories are `/<workspace>/<slug>.git` below it. */
  readonly origin: string;
  readonly credential: GitCredential;
  /** Everything whose CPU time is the price of an answer. */
  readonly parts: readonly MeteredPart[];
}

/** The two, always measured in turns. */
export interface Subjects {
  readonly baseline: Subject;
  readonly mirror: Subject;
}

export type Side = keyof Subjects;
