import { inTurns } from '../measure/in-turns.js';
import { meteredLoad, type MeteredLoad } from '../measure/metered-load.js';
import { totalSeconds } from '../measure/cpu-meter.js';
import type { Side, Subject } from '../subject.js';
import { rowOf, type Row } from './row.js';
import type { Served, Site } from './site.js';

const AIM = { atLeast: 20 };

const KINDS = [
  { key: 'lsRefs', what: 'ls-refs' },
  { key: 'noOp', what: 'no-op fetch (info/refs + ls-refs)' },
] as const;

/**
 * The most frequent request of all: "is there anything new?", by callers who may ask, on a repository that is fresh
 * under the default policy.
 */
export async function noOpRows(site: Site): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [served, refs] of [
    [site.small, 'a few refs'],
    [site.large, '1,201 refs'],
  ] as const) {
    for (const { key, what } of KINDS) rows.push(...(await compare(site, served, key, `${what}, ${refs}`)));
  }
  return rows;
}

async function compare(site: Site, served: Served, key: 'lsRefs' | 'noOp', what: string): Promise<Row[]> {
  site.say(`${what} …`);
  const { runs, seconds, clients } = site.plan.noOp;
  const job = (subject: Subject, durationS: number) => ({
    exchange: served.exchanges[subject.name][key],
    clients,
    until: { seconds: durationS },
  });
  // The first second warms up: connections, the verdict, compiled code.
  await inTurns(site.subjects, 1, (subject) => meteredLoad(site.generator, subject, job(subject, 1)));
  const loads = await inTurns(site.subjects, runs, (subject) =>
    meteredLoad(site.generator, subject, job(subject, seconds)),
  );
  complain(what, loads);
  return [
    rowOf(
      `${what}: per second`,
      '/s',
      mapSides(loads, (load) => load.exchanges / load.seconds),
      {
        direction: 'mirror ÷ baseline',
        aim: AIM,
      },
    ),
    rowOf(
      `${what}: server CPU each`,
      'ms',
      mapSides(loads, (load) => (totalSeconds(load.cpu) * 1000) / load.exchanges),
      {
        direction: 'baseline ÷ mirror',
        aim: AIM,
      },
    ),
  ];
}

/** A refusal is quick to give: numbers with refusals among them would flatter. */
export function complain(what: string, loads: Readonly<Record<Side, readonly MeteredLoad[]>>): void {
  for (const side of ['baseline', 'mirror'] as const) {
    const failed = loads[side].map(({ failures }) => failures).filter((one) => Object.keys(one).length > 0);
    if (failed.length > 0)
      throw new Error(`${what}: ${side} did not answer everything: ${JSON.stringify(failed)}`);
  }
}

export const mapSides = <T>(
  all: Readonly<Record<Side, readonly T[]>>,
  pick: (one: T) => number,
): Record<Side, number[]> => ({ baseline: all.baseline.map(pick), mirror: all.mirror.map(pick) });
