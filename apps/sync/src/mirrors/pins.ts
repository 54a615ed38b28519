/**
 * Tips that an epoch advertised and a later one dropped stay alive for a lease, so that a client that holds an older
 * advertisement never meets "not our ref". The lease is in the name: refs/antipode/pins/<seconds since 1970>/<oid>.
 */
import { OWN_NAMESPACE } from './ref-state.js';

const PINS = `${OWN_NAMESPACE}pins/`;

export const pinName = (untilSeconds: number, oid: string): string =>
  `${PINS}${Math.ceil(untilSeconds)}/${oid}`;

/** Which of these refs are pins whose lease is over. */
export function expiredPins(names: Iterable<string>, nowSeconds: number): string[] {
  return [...names].filter(
    (name) => name.startsWith(PINS) && Number(name.slice(PINS.length).split('/')[0]) < nowSeconds,
  );
}
