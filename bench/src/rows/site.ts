import type { BenchHouse } from '../house/bench-house.js';
import type { Exchanges } from '../load/exchanges.js';
import type { LoadGenerator } from '../load/load-generator.js';
import type { Side, Subjects } from '../subject.js';
import type { Plan } from './plan.js';

/** A repository that both servers serve, and what git asks each of them about it. */
export interface Served {
  /** `workspace/slug`. */
  readonly path: string;
  readonly exchanges: Readonly<Record<Side, Exchanges>>;
}

/** Everything that stands ready while rows are measured. */
export interface Site {
  readonly plan: Plan;
  readonly house: BenchHouse;
  readonly subjects: Subjects;
  readonly generator: LoadGenerator;
  readonly large: Served;
  readonly small: Served;
  /** Of the large repository. */
  readonly packMB: number;
  /** A folder for clones. */
  readonly scratch: string;
  say(line: string): void;
}
