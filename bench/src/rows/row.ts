import type { Spread } from '../measure/spread.js';
import { spreadOf } from '../measure/spread.js';
import type { Side } from '../subject.js';

export interface Aim {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One line of the table: the same quantity of both servers, and how they compare. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly baseline: Spread;
  readonly mirror: Spread;
  /** Of the medians. */
  readonly ratio: number;
  /** How the ratio is to be read. */
  readonly direction: 'mirror ÷ baseline' | 'baseline ÷ mirror';
  readonly aim?: Aim;
}

export interface RowOptions {
  readonly direction: Row['direction'];
  readonly aim?: Aim;
}

export function rowOf(
  what: string,
  unit: string,
  values: Readonly<Record<Side, readonly number[]>>,
  { direction, aim }: RowOptions,
): Row {
  const baseline = spreadOf(values.baseline);
  const mirror = spreadOf(values.mirror);
  const ratio =
    direction === 'mirror ÷ baseline' ? mirror.median / baseline.median : baseline.median / mirror.median;
  return { what, unit, baseline, mirror, ratio, direction, ...(aim ? { aim } : {}) };
}

/** Undefined where nothing was aimed at. */
export function isMet({ ratio, aim }: Row): boolean | undefined {
  if (!aim) return undefined;
  return ratio >= (aim.atLeast ?? -Infinity) && ratio <= (aim.atMost ?? Infinity);
}
