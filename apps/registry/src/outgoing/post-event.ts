import { createHmac } from 'node:crypto';
import { Agent, request } from 'undici';
import type { Attempt } from './outgoing.store.js';
import { lookupElsewhere, OWN_NETWORK } from './own-networks.js';

const ATTEMPT_MS = 10_000;
const READ_BYTES = 1024;
const CONNECTIONS = 4;

export interface Post {
  readonly url: string;
  readonly id: string;
  readonly event: string;
  readonly body: string;
  readonly secret: string;
}

/** Whether webhooks may lead to this machine and its link. */
export type OwnNetworks = 'refuse' | 'allow';

/** The connections to those who are told; one pool, so that few stay open. */
export const openAgent = (ownNetworks: OwnNetworks): Agent =>
  new Agent({
    connections: CONNECTIONS,
    connect: {
      timeout: ATTEMPT_MS,
      ...(ownNetworks === 'refuse' ? { lookup: lookupElsewhere } : {}),
    },
    headersTimeout: ATTEMPT_MS,
    bodyTimeout: ATTEMPT_MS,
  });

/**
 * Sends an event once. Never throws: where there was no answer, `error` says why, in words without secrets.
 *
 * A redirect is an answer like any other, and no success: who is told was decided by an administrator. What the answer says
 * is not kept: it could be anything that this machine can reach.
 */
export async function postEvent(agent: Agent, post: Post, signal: AbortSignal): Promise<Attempt> {
  try {
    const { statusCode, body } = await request(post.url, {
      dispatcher: agent,
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'user-agent': 'Antipode',
        'x-event-key': post.event,
        'x-request-id': post.id,
        'x-hub-signature': sign(post),
      },
      body: post.body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]),
    });
    await body.dump({ limit: READ_BYTES }).catch(() => undefined);
    return { status: statusCode, error: isDelivered(statusCode) ? null : `It answered ${statusCode}.` };
  } catch (error) {
    return { status: null, error: wordsFor(error) };
  }
}

/** What an administrator reads who wants this machine told. */
export const OWN_NETWORK_HINT =
  'Webhooks do not go to the mirror’s own machine or link; OUTGOING_OWN_NETWORKS=allow lets them.';

export const isDelivered = (status: number | null): boolean =>
  status !== null && status >= 200 && status < 300;

/** As Bitbucket signs its webhooks. */
const sign = ({ secret, body }: Post): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

function wordsFor(error: unknown): string {
  const { name, code } = error as { name?: string; code?: string };
  if (code === OWN_NETWORK) return OWN_NETWORK_HINT;
  if (name === 'TimeoutError') return `It did not answer within ${ATTEMPT_MS / 1000} s.`;
  return `It could not be reached (${/^[A-Z0-9_]{1,64}$/.test(code ?? '') ? code : 'the connection failed'}).`;
}
