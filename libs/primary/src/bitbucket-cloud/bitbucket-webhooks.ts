import type { IncomingHttpHeaders } from 'node:http';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import type {
  ConnectionCredential,
  EnsureWebhook,
  FoundWebhook,
  WebhookEvent,
  Webhooks,
} from '../primary.js';
import { parseDelivery } from './parse-delivery.js';
import type { RestCall, RestClient } from './rest/rest-client.js';
import { hookShape, type HookShape } from './shapes.js';
import { verifySignature } from './verify-signature.js';
import type { WorkspaceOf } from './workspace-of.js';

/** Everything that may change what we mirror. */
const EVENTS = [
  'repo:push',
  'repo:created',
  'repo:updated',
  'repo:deleted',
  'repo:transfer',
  'project:updated',
];
/** For a credential without the scope to read projects; the sweep sees their changes, only later. */
const REPOSITORY_EVENTS = EVENTS.filter((event) => event.startsWith('repo:'));

const DESCRIPTION = 'Antipode mirror';

/** The mirror's subscription at one workspace: one hook for all of its repositories, those to come included. */
export class BitbucketWebhooks implements Webhooks {
  constructor(
    private readonly rest: RestClient,
    private readonly workspace: WorkspaceOf,
  ) {}

  async ensure(
    { credential, url, secret }: EnsureWebhook,
    signal?: AbortSignal,
  ): Promise<{ readonly id: string }> {
    const call = { credential, signal };
    const [hook, ...twins] = await this.list(url, call);
    for (const twin of twins) await this.drop(twin.uuid, call);
    try {
      return await this.write(hook, { url, secret, events: EVENTS }, call);
    } catch (error) {
      if (!isAntipodeError(error) || (error.code !== 'denied' && error.code !== 'invalid')) throw error;
      return this.write(hook, { url, secret, events: REPOSITORY_EVENTS }, call);
    }
  }

  async find(
    { credential, url }: { credential: ConnectionCredential; url: string },
    signal?: AbortSignal,
  ): Promise<FoundWebhook | undefined> {
    const [hook] = await this.list(url, { credential, signal });
    return hook && { id: hook.uuid, active: hook.active !== false };
  }

  async remove(
    options: { credential: ConnectionCredential; id: string },
    signal?: AbortSignal,
  ): Promise<void> {
    await this.drop(options.id, { credential: options.credential, signal });
  }

  verify(options: { headers: IncomingHttpHeaders; body: Buffer; secret: string }): boolean {
    return verifySignature(options.headers['x-hub-signature'], options.body, options.secret);
  }

  parse(headers: IncomingHttpHeaders, body: Buffer): WebhookEvent {
    return parseDelivery(headers, body);
  }

  private async list(url: string, call: RestCall): Promise<HookShape[]> {
    const query = { pagelen: '100', fields: 'next,values.uuid,values.url,values.active' };
    const found: HookShape[] = [];
    for await (const page of this.rest.pages(this.path(call), query, hookShape, call)) {
      found.push(...page.filter((hook) => hook.url === url));
    }
    return found;
  }

  /** An existing hook is always written anew: its secret cannot be read, so it cannot be compared. */
  private async write(
    hook: HookShape | undefined,
    wanted: { url: string; secret: string; events: readonly string[] },
    call: RestCall,
  ): Promise<{ readonly id: string }> {
    const body = { description: DESCRIPTION, active: true, ...wanted };
    const answer = hook
      ? await this.rest.change('PUT', this.path(call, hook.uuid), body, call)
      : await this.rest.change('POST', this.path(call), body, call);
    const written = hookShape.safeParse(answer);
    if (!written.success) throw new AntipodeError('primary_misbehaved', 'writing the webhook');
    return { id: written.data.uuid };
  }

  private async drop(id: string, call: RestCall): Promise<void> {
    try {
      await this.rest.change('DELETE', this.path(call, id), undefined, call);
    } catch (error) {
      if (!isAntipodeError(error) || error.code !== 'not_found') throw error;
    }
  }

  private path({ credential }: RestCall, id?: string): string {
    const hooks = `/workspaces/${this.workspace(credential)}/hooks`;
    return id === undefined ? hooks : `${hooks}/${encodeURIComponent(id)}`;
  }
}
