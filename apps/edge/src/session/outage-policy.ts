import type { OutagePolicy } from '@antipode/domain';

/** True where an epoch confirmed at `confirmedAtMs` may be served although the primary cannot be asked. */
export const standsInOutage = (policy: OutagePolicy, confirmedAtMs: number, nowMs: number): boolean =>
  policy.kind === 'serve' && nowMs - confirmedAtMs <= policy.seconds * 1000;
