import { markup, type Html, type Tone } from '@antipode/web-pages';
import type { ConnectionAnswer } from '../../connection/connection-view.js';
import type { ConnectionPhase } from '../../connection/connection-phase.js';
import { badge } from '../fragments.js';

const STATES: Record<ConnectionPhase, readonly [Tone, string]> = {
  unconnected: ['', 'Not connected'],
  connecting: ['busy', 'Connecting'],
  connected: ['good', 'Connected'],
  suspended: ['bad', 'Suspended'],
  disconnecting: ['busy', 'Disconnecting'],
};

export const connectionBadge = (state: ConnectionPhase): Html => badge(...STATES[state]);

const WEBHOOKS: Record<ConnectionAnswer['webhook']['state'], readonly [Tone, string]> = {
  active: ['good', 'Webhook active'],
  polling: ['warn', 'Polling only'],
  disabled: ['warn', 'Webhook disabled at the primary'],
};

export const webhookBadge = (state: ConnectionAnswer['webhook']['state']): Html => badge(...WEBHOOKS[state]);

/** What a person can do about a connection, on these pages; the REST API has words of its own. */
export function nextStep({
  state,
  managedBy,
  nextStep: told,
}: Pick<ConnectionAnswer, 'state' | 'managedBy' | 'nextStep'>): Html | undefined {
  if (managedBy !== 'api' || (state !== 'suspended' && state !== 'connected'))
    return told === null ? undefined : markup`<p>${told}</p>`;
  return state === 'suspended'
    ? markup`<p>An administrator <a href="/-/connect">connects the mirror again</a>, to the same workspace: nothing that is mirrored is lost. What is here is served on meanwhile.</p>`
    : told === null
      ? undefined
      : markup`<p>${told}</p>`;
}
