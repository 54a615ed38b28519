import { inTurns } from '../measure/in-turns.js';
import { meteredLoad, type MeteredLoad } from '../measure/metered-load.js';
import { totalSeconds, type PartCpu } from '../measure/cpu-meter.js';
import { spreadOf } from '../measure/spread.js';
import type { Side, Subject } from '../subject.js';
import { complain, mapSides } from './no-op.js';
import { rowOf, type Row } from './row.js';
import type { Site } from './site.js';

const AIM = { atMost: 1.1 };
/** Deltas may be found in another order. */
const ALIKE = 0.05;

const KINDS = [
  { key: 'full', what: 'full clone', rounds: 'full' },
  { key: 'shallow', what: 'depth-1 clone', rounds: 'other' },
  { key: 'blobless', what: 'blob:none clone', rounds: 'other' },
] as const;

export interface CloneResults {
  readonly rows: readonly Row[];
  /** CPU seconds of one full clone, by who spent them; medians. */
  readonly shares: Readonly<Record<Side, readonly Share[]>>;
  /** Clones that the mirror answered. */
  readonly answered: number;
}

export interface Share {
  readonly name: string;
  readonly seconds: number;
}

/** Clones one after the other, read to the last byte and thrown away, so that only servers work. */
export async function cloneRows(site: Site): Promise<CloneResults> {
  const rows: Row[] = [];
  let shares: CloneResults['shares'] = { baseline: [], mirror: [] };
  let answered = 0;
  for (const { key, what, rounds } of KINDS) {
    site.say(`${what} …`);
    const measure = (count: number) => (subject: Subject) =>
      meteredLoad(site.generator, subject, {
        exchange: site.large.exchanges[subject.name][key],
        clients: 1,
        until: { rounds: count },
      });
    // Once for nothing: files come into the page cache, code gets compiled.
    await inTurns(site.subjects, 1, measure(1));
    const loads = await inTurns(
      site.subjects,
      site.plan.clones.runs,
      measure(site.plan.clones.rounds[rounds]),
    );
    complain(what, loads);
    requireAlike(what, loads);
    rows.push(...rowsOf(what, loads));
    if (key === 'full') shares = { baseline: sharesOf(loads.baseline), mirror: sharesOf(loads.mirror) };
    answered += 1 + loads.mirror.reduce((sum, load) => sum + load.exchanges, 0);
  }
  return { rows, shares, answered };
}

/** Half an answer is quick to give. The packs need not be equal byte for byte: the mirror adds a line for people. */
function requireAlike(what: string, loads: Readonly<Record<Side, readonly MeteredLoad[]>>): void {
  const bytes = mapSides(loads, (load) => load.bytes / load.exchanges);
  const ratio = spreadOf(bytes.mirror).median / spreadOf(bytes.baseline).median;
  if (Math.abs(ratio - 1) > ALIKE)
    throw new Error(`${what}: the mirror sent ${ratio.toFixed(2)} times the baseline's bytes`);
}

function rowsOf(what: string, loads: Record<Side, MeteredLoad[]>): Row[] {
  const direction = 'mirror ÷ baseline';
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  return [
    rowOf(
      `${what}: wall time`,
      's',
      mapSides(loads, (load) => mean(load.exchangeMs) / 1000),
      { direction, aim: AIM },
    ),
    rowOf(
      `${what}: server CPU`,
      's',
      mapSides(loads, (load) => totalSeconds(load.cpu) / load.exchanges),
      { direction, aim: AIM },
    ),
    rowOf(
      `${what}: first byte of the pack answer`,
      'ms',
      mapSides(loads, (load) => mean(load.firstByteMs)),
      { direction },
    ),
    rowOf(
      `${what}: bytes`,
      'MB',
      mapSides(loads, (load) => load.bytes / load.exchanges / 1e6),
      { direction },
    ),
  ];
}

/** A web server's own work and its git children's; each other service as a whole. */
function sharesOf(loads: readonly MeteredLoad[]): Share[] {
  const median = (pick: (parts: readonly PartCpu[]) => number): number =>
    spreadOf(loads.map((load) => pick(load.cpu) / load.exchanges)).median;
  const doors = ['apache', 'edge'];
  const isDoor = ({ name }: PartCpu): boolean => doors.includes(name);
  const sum = (parts: readonly PartCpu[], pick: (part: PartCpu) => number): number =>
    parts.reduce((total, part) => total + pick(part), 0);
  return [
    // Apache's workers are its children too: git's share and Apache's own can't be told apart there.
    { name: 'door itself', seconds: median((parts) => sum(parts.filter(isDoor), ({ ownS }) => ownS)) },
    {
      name: 'its children (git)',
      seconds: median((parts) => sum(parts.filter(isDoor), ({ childrenS }) => childrenS)),
    },
    {
      name: 'other services',
      seconds: median((parts) =>
        sum(
          parts.filter((part) => !isDoor(part)),
          ({ ownS, childrenS }) => ownS + childrenS,
        ),
      ),
    },
  ];
}
