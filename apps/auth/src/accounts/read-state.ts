import type { LinkState } from './account.js';

/** The columns of a link's state; what a newer version may have written counts as broken, never as open. */
export function readState(row: { readonly state: string; readonly brokenWhy: string | null }): LinkState {
  if (row.state === 'linked') return { kind: 'linked' };
  return { kind: 'broken', why: row.brokenWhy === 'lost' ? 'lost' : 'revoked' };
}
