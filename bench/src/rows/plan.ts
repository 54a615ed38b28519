import { LARGE, LARGE_FOR_QUICK, SMALL, type Shape } from '../repository/shape.js';

/** How much is measured. */
export interface Plan {
  readonly name: 'full' | 'quick';
  readonly large: Shape;
  readonly small: Shape;
  readonly noOp: { readonly runs: number; readonly seconds: number; readonly clients: number };
  /** `rounds`: clones per run, one after the other; small ones need several to rise above the clock's ticks. */
  readonly clones: {
    readonly runs: number;
    readonly rounds: { readonly full: number; readonly other: number };
  };
  readonly realClones: { readonly runs: number };
  readonly parallel: { readonly clients: number };
  /** `commands`: over one login, one after the other. */
  readonly ssh: { readonly runs: number; readonly commands: number };
  readonly lfs: {
    readonly runs: number;
    /** Downloads per run, one after the other. */
    readonly rounds: number;
    readonly megabytes: number;
    readonly batchSeconds: number;
    readonly clients: number;
    readonly missedMegabytes: number;
  };
  readonly push: { readonly runs: number; readonly megabytes: number };
}

const FULL: Plan = {
  name: 'full',
  large: LARGE,
  small: SMALL,
  noOp: { runs: 5, seconds: 3, clients: 8 },
  clones: { runs: 5, rounds: { full: 2, other: 5 } },
  realClones: { runs: 3 },
  parallel: { clients: 50 },
  ssh: { runs: 3, commands: 60 },
  lfs: { runs: 5, rounds: 2, megabytes: 1000, batchSeconds: 3, clients: 50, missedMegabytes: 20 },
  push: { runs: 4, megabytes: 50 },
};

/** Shows in about a minute that everything works; its numbers mean little. */
const QUICK: Plan = {
  name: 'quick',
  large: LARGE_FOR_QUICK,
  small: SMALL,
  noOp: { runs: 1, seconds: 1, clients: 4 },
  clones: { runs: 1, rounds: { full: 1, other: 2 } },
  realClones: { runs: 1 },
  parallel: { clients: 10 },
  ssh: { runs: 1, commands: 10 },
  lfs: { runs: 1, rounds: 1, megabytes: 100, batchSeconds: 1, clients: 50, missedMegabytes: 2 },
  push: { runs: 1, megabytes: 5 },
};

export const planOf = (size: Plan['name']): Plan => (size === 'quick' ? QUICK : FULL);
