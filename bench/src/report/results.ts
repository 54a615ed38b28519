import type { CloneResults } from '../rows/clones.js';
import type { ParallelResults } from '../rows/parallel.js';
import type { Row } from '../rows/row.js';
import type { WanResult } from '../rows/wan.js';
import type { Machine } from './machine.js';

/** Everything that one run of the bench found: `results/latest.json`. */
export interface Results {
  readonly plan: 'full' | 'quick';
  readonly measuredOn: string;
  readonly machine: Machine;
  readonly repository: { readonly packMB: number; readonly commits: number; readonly refs: number };
  readonly rows: readonly Row[];
  readonly shares: CloneResults['shares'];
  readonly parallel: Omit<ParallelResults, 'rows'> & { readonly clients: number };
  readonly wan: WanResult;
}
