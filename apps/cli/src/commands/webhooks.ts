import type { MirrorClient } from '../mirror/mirror-client.js';
import type { Answer } from '../screen/answer.js';
import { table } from '../screen/paper.js';
import { EXIT } from '../stopped-short.js';

/** What CI servers listen to. */
export const EVENTS = ['mirror:repo_synchronized', 'mirror:repo_failing'] as const;

/** `webhooks list`: who is told of what happens in the mirror. */
export async function listWebhooks(client: MirrorClient): Promise<Answer> {
  const webhooks = await client.webhooks();
  const rows = webhooks.map(({ id, url, events, active }) => [
    id,
    active ? 'active' : 'paused',
    events.join(', '),
    url,
  ]);
  return {
    json: { webhooks },
    text: (paper) =>
      rows.length === 0
        ? 'Nobody is told. Add one: antipode webhooks add URL --secret-file FILE\n'
        : table(paper, ['ID', 'STATE', 'EVENTS', 'URL'], rows, 3),
  };
}

/** `webhooks add`. @param secret signs what is sent; the mirror never shows it again */
export async function addWebhook(
  client: MirrorClient,
  url: string,
  { secret, events }: { secret: string; events: readonly string[] },
): Promise<Answer> {
  const webhook = await client.addWebhook({ url, secret, events, active: true });
  return { json: webhook, text: () => `Added ${webhook.id}. Try it: antipode webhooks ping ${webhook.id}\n` };
}

/** `webhooks remove`: with what it has not been told yet. */
export async function removeWebhook(client: MirrorClient, id: string): Promise<Answer> {
  await client.removeWebhook(id);
  return { json: { id, removed: true }, text: () => `Removed ${id}.\n` };
}

/** `webhooks ping`: tries it once, now. */
export async function pingWebhook(client: MirrorClient, id: string): Promise<Answer> {
  const ping = await client.pingWebhook(id);
  const answer = ping.status === null ? (ping.error ?? 'no answer') : `status ${ping.status}`;
  return {
    json: ping,
    text: () => `${ping.delivered ? 'Delivered' : 'Not delivered'}: ${answer}\n`,
    exit: ping.delivered ? EXIT.ok : EXIT.failed,
  };
}
