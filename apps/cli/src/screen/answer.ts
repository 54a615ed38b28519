import type { Paper } from './paper.js';

/** What a command has to say, for programs (`--json`) and for people. */
export interface Answer {
  readonly json: unknown;
  /** Whole lines. */
  readonly text: (paper: Paper) => string;
  /** The exit code; 0 where it is absent. */
  readonly exit?: number;
}
