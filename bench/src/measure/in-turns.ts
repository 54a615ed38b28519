import type { Side, Subject, Subjects } from '../subject.js';

/**
 * Measures both servers `runs` times, one after the other, the first of a pair changing each time: whatever else the
 * machine does drifts over both alike.
 */
export async function inTurns<T>(
  subjects: Subjects,
  runs: number,
  measure: (subject: Subject) => Promise<T>,
): Promise<Record<Side, T[]>> {
  const all: Record<Side, T[]> = { baseline: [], mirror: [] };
  for (let i = 0; i < runs; i += 1) {
    const order: Side[] = i % 2 === 0 ? ['baseline', 'mirror'] : ['mirror', 'baseline'];
    for (const side of order) all[side].push(await measure(subjects[side]));
  }
  return all;
}
