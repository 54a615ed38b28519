import { AntipodeError } from '@antipode/errors';
import type { ConnectionCredential, Webhooks } from '@antipode/primary';

/** Twins are rare; a list that goes on naming what was removed must not be asked for ever. */
const MOST_TWINS = 10;

/**
 * Removes every webhook with this URL: whoever died while it was made does not know its id.
 *
 * @throws AntipodeError `primary_misbehaved` where the primary goes on naming what it has removed; else like `Webhooks`
 */
export async function removeWebhooks(
  webhooks: Pick<Webhooks, 'find' | 'remove'>,
  what: { readonly credential: ConnectionCredential; readonly url: string },
  signal: AbortSignal,
): Promise<void> {
  for (let removed = 0; removed <= MOST_TWINS; removed++) {
    const hook = await webhooks.find(what, signal);
    if (!hook) return;
    if (removed < MOST_TWINS) await webhooks.remove({ credential: what.credential, id: hook.id }, signal);
  }
  throw new AntipodeError('primary_misbehaved', 'removing the webhook');
}
