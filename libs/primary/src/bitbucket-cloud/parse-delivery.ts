import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AntipodeError } from '@antipode/errors';
import type { WebhookEvent } from '../primary.js';
import { deliveryShape } from './shapes.js';

const KINDS: Readonly<Record<string, WebhookEvent['kind']>> = {
  'repo:push': 'pushed',
  'repo:created': 'created',
  'repo:updated': 'changed',
  'repo:transfer': 'changed',
  'repo:deleted': 'deleted',
  'project:updated': 'project-changed',
};

/** Reads one delivery of a webhook, whose signature has been verified. */
export function parseDelivery(headers: IncomingHttpHeaders, body: Buffer): WebhookEvent {
  const key = headers['x-event-key'];
  if (typeof key !== 'string') throw wrong('no X-Event-Key');
  const parsed = deliveryShape.safeParse(readJson(body));
  if (!parsed.success) throw wrong('the body is not as documented');
  const { repository } = parsed.data;
  const kind = Object.hasOwn(KINDS, key) ? KINDS[key] : undefined;
  return {
    deliveryId: deliveryId(headers, body),
    kind: kind ?? 'other',
    ...(repository ? { repositoryId: repository.uuid } : {}),
  };
}

/** X-Request-UUID, or the body's own name: whether attempts of one delivery share the first is not documented. */
function deliveryId(headers: IncomingHttpHeaders, body: Buffer): string {
  const id = headers['x-request-uuid'];
  const plain = typeof id === 'string' ? id.replace(/[{}]/g, '').toLowerCase() : '';
  return /^[0-9a-f-]{16,64}$/.test(plain) ? plain : createHash('sha256').update(body).digest('hex');
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw wrong('the body is no JSON');
  }
}

const wrong = (reason: string): AntipodeError =>
  new AntipodeError('invalid', 'reading a webhook', { reason });
