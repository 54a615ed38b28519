import { isAntipodeError } from '@antipode/errors';
import type { Mirror } from '../mirror/find-mirror.js';
import { MirrorClient } from '../mirror/mirror-client.js';
import type { Connection } from '../mirror/shapes.js';
import { formatAgo } from '../screen/words.js';
import { adviceFor, BROKEN, reasonOf } from '../status/report-text.js';
import { sentenceOf } from '../stopped-short.js';
import { reportedStores } from './check-stores.js';
import { fail, ok, warn, type Finding } from './finding.js';

/** What the mirror says of itself: whether it lets us in, its tie to the primary, and whether webhooks reach it. */
export async function checkMirror(mirror: Mirror): Promise<Finding[]> {
  const client = new MirrorClient(mirror);
  try {
    const [connection, status] = await Promise.all([client.connection(), client.status()]);
    return [
      ok('mirror', `${mirror.url} answers, and takes our token`),
      checkConnection(connection),
      checkWebhook(connection),
      // A house of this machine is asked directly.
      ...(mirror.house ? [] : reportedStores(status.checks)),
    ];
  } catch (error) {
    if (!isAntipodeError(error)) throw error;
    return [fail('mirror', `${mirror.url} cannot be asked`, sentenceOf(error))];
  }
}

function checkConnection(connection: Connection): Finding {
  const { state, primary, workspace } = connection;
  const name = 'connection';
  const to = workspace === null ? primary.name : `${primary.name}, workspace ${workspace}`;
  if (state === 'connected') return ok(name, `connected to ${to}`);
  const why = reasonOf(connection);
  const seen = `${state} (${to})${why === '' ? '' : `: ${why}`}`;
  if (BROKEN.has(state))
    return fail(
      name,
      seen,
      adviceFor(connection) ||
        'docs/errors.md tells what the code means; where the token is dead, give a new one.',
    );
  return warn(name, seen, adviceFor(connection) || 'Ask again in a minute.');
}

function checkWebhook({ state, webhook }: Connection): Finding {
  const name = 'webhook';
  if (webhook.state === 'active') {
    const { lastDeliveryAt } = webhook;
    const last = lastDeliveryAt ? `, the last delivery ${formatAgo(lastDeliveryAt, Date.now())}` : '';
    return ok(name, `active at ${webhook.url ?? 'the primary'}${last}`);
  }
  const seen = `${webhook.state}${webhook.reason ? `: ${webhook.reason}` : ''}`;
  const next =
    state === 'connected'
      ? 'Changes are found by the sweep alone, a minute late. Let the primary reach PUBLIC_URL (or WEBHOOK_URL), and its token manage webhooks.'
      : 'It is created once the mirror is connected.';
  return warn(name, seen, next);
}
