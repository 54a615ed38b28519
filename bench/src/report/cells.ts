import type { Spread } from '../measure/spread.js';
import { MEMORY_AIM_BYTES } from '../rows/parallel.js';
import { isMet, type Aim, type Row } from '../rows/row.js';
import type { Results } from './results.js';

/** A line of the printed table, as text. */
export interface Line {
  readonly what: string;
  readonly baseline: string;
  readonly mirror: string;
  readonly ratio: string;
  readonly aim: string;
  readonly met: string;
}

/** The table's lines, with the two that are no ratio of spreads at their end. */
export function linesOf(results: Results): Line[] {
  return [...results.rows.map(lineOf), memoryLine(results), wanLine(results)];
}

export function lineOf(row: Row): Line {
  return {
    what: row.what,
    baseline: spread(row.baseline, row.unit),
    mirror: spread(row.mirror, row.unit),
    ratio: `${number(row.ratio)}×`,
    aim: aim(row.aim),
    met: word(isMet(row)),
  };
}

function memoryLine({ parallel }: Results): Line {
  const { restBytes, peakBytes, afterBytes } = parallel.edge;
  return {
    what: `Edge's resident memory during ${parallel.clients} full clones at once`,
    baseline: '–',
    mirror: `${mb(peakBytes)} peak (${mb(restBytes)} before, ${mb(afterBytes)} after)`,
    ratio: '–',
    aim: `< ${mb(MEMORY_AIM_BYTES)}`,
    met: word(peakBytes < MEMORY_AIM_BYTES),
  };
}

function wanLine({ wan }: Results): Line {
  return {
    what: `Bytes from the primary for ${wan.clones} full clones`,
    baseline: `${mb(wan.withoutBytes)} without a mirror`,
    mirror: mb(wan.withBytes),
    ratio: `${number(wan.ratio)}×`,
    aim: '–',
    met: '–',
  };
}

/** "median (min–max)", or the one value that there is. */
export function spread({ min, median, max, runs }: Spread, unit: string): string {
  const middle = `${number(median)} ${unit}`;
  return runs === 1 ? middle : `${middle} (${number(min)}–${number(max)})`;
}

const mb = (bytes: number): string => `${number(bytes / 1e6)} MB`;

/** Three figures that mean something. */
export function number(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

function aim(wanted: Aim | undefined): string {
  if (wanted?.atLeast !== undefined) return `≥ ${wanted.atLeast}×`;
  return wanted?.atMost === undefined ? '–' : `≤ ${wanted.atMost}×`;
}

const word = (met: boolean | undefined): string => (met === undefined ? '–' : met ? 'met' : 'not met');
