import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { auth } from '@antipode/contracts';
import { AntipodeError, isRefusal, toAntipodeError } from '@antipode/errors';
import { callUnary } from '@antipode/rpc';
import { hashOf } from '@antipode/web-pages';
import { AUTH } from './auth.provider.js';
import type { Person, PersonProof, PersonRole } from './viewer.js';

/** Auth asks the primary, which may take its time. */
const TIMEOUT_MS = 15_000;
const MOST_PEOPLE = 10_000;
/** Ids in all remembered lists together: some 50 MB at most. */
const MOST_IDS = 500_000;

export interface Question {
  readonly proof: PersonProof;
  /** Empty: none is asked about. */
  readonly workspace: string;
  /** Of the client, for auth's limit on failures. */
  readonly address: string;
}

/** A person as it is remembered: without what has shown that it is them. */
type KnownPerson = Omit<Person, 'proof' | 'address'>;

export interface KnownWorkspace {
  readonly slug: string;
  readonly role: PersonRole;
}

const ROLE: Record<auth.WorkspaceRole, PersonRole> = {
  [auth.WorkspaceRole.WORKSPACE_ROLE_UNSPECIFIED]: 'stranger',
  [auth.WorkspaceRole.WORKSPACE_ROLE_STRANGER]: 'stranger',
  [auth.WorkspaceRole.WORKSPACE_ROLE_MEMBER]: 'member',
  [auth.WorkspaceRole.WORKSPACE_ROLE_ADMINISTRATOR]: 'administrator',
  // What a newer auth may say.
  [auth.WorkspaceRole.UNRECOGNIZED]: 'stranger',
};

/** What auth knows of people, remembered as long as auth says that it may be; never a credential, only its hash. */
@Injectable()
export class PeopleDirectory implements OnApplicationShutdown {
  private readonly people = new LRUCache<string, KnownPerson>({ max: MOST_PEOPLE });
  private readonly readable = new LRUCache<string, ReadonlySet<string>>({
    max: MOST_PEOPLE,
    maxSize: MOST_IDS,
    sizeCalculation: ({ size }) => size + 1,
  });
  /** Many calls at once, such as those of one page, ask once. */
  private readonly asked = new Map<string, Promise<unknown>>();

  constructor(@Inject(AUTH) private readonly client: auth.AuthServiceClient) {}

  /** @throws AntipodeError `unauthenticated`, `denied`, `too_many_failures`, `primary_*`, `service_unavailable` */
  async identify(question: Question): Promise<Person> {
    const { proof, workspace, address: clientAddress } = question;
    const known = await this.remembered(this.people, nameOf(question), async () => {
      const { personId, displayName, role, validUntilMs } = await this.ask(() =>
        callUnary(
          this.client,
          'identifyPerson',
          { proof, workspace, clientAddress },
          { timeoutMs: TIMEOUT_MS },
        ),
      );
      const person: KnownPerson = { kind: 'person', id: personId, displayName, role: ROLE[role] };
      return [person, validUntilMs];
    });
    return { ...known, proof, address: clientAddress };
  }

  /** The repositories of a workspace that somebody was given a right to; the public ones may be missing. */
  listReadable(question: Question): Promise<ReadonlySet<string>> {
    const { proof, workspace, address: clientAddress } = question;
    return this.remembered(this.readable, nameOf(question), async () => {
      const { repositoryIds, validUntilMs } = await this.ask(() =>
        callUnary(
          this.client,
          'listReadable',
          { proof, workspace, clientAddress },
          { timeoutMs: TIMEOUT_MS },
        ),
      );
      return [new Set(repositoryIds), validUntilMs];
    });
  }

  /** Asked for now: somebody is about to choose. */
  async listWorkspaces(question: Omit<Question, 'workspace'>): Promise<KnownWorkspace[]> {
    const { proof, address: clientAddress } = question;
    const { workspaces } = await this.ask(() =>
      callUnary(this.client, 'listWorkspaces', { proof, clientAddress }, { timeoutMs: TIMEOUT_MS }),
    );
    return workspaces.map(({ slug, role }) => ({ slug, role: ROLE[role] }));
  }

  /**
   * The token of a linked account.
   *
   * @param refused one that the primary has just refused
   * @param purpose connection: its owner is told from now on that the mirror lives by it
   * @throws AntipodeError `unauthenticated` where the account is not linked any more
   */
  async accountToken(
    accountId: string,
    { refused = '', purpose = 'connection' }: { refused?: string; purpose?: 'connection' | 'preview' } = {},
  ): Promise<{ token: string; displayName: string }> {
    const { accessToken, displayName } = await this.ask(() =>
      callUnary(
        this.client,
        'getAccountToken',
        { accountId, refused, preview: purpose === 'preview' },
        { timeoutMs: TIMEOUT_MS },
      ),
    );
    return { token: accessToken, displayName };
  }

  onApplicationShutdown(): void {
    this.client.close();
  }

  private async ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const known = toAntipodeError(error, 'asking about a person');
      const isAuths = isRefusal(known.code) || known.code.startsWith('primary_');
      if (isAuths) throw known;
      const hint = 'The part of the mirror that knows people does not answer; the admin token works.';
      throw new AntipodeError('service_unavailable', 'asking about a person', {}, { cause: known, hint });
    }
  }

  private async remembered<Value extends {}>(
    cache: LRUCache<string, Value>,
    name: string,
    ask: () => Promise<readonly [value: Value, validUntilMs: number]>,
  ): Promise<Value> {
    const known = cache.get(name);
    if (known) return known;
    const key = `${cache === (this.people as unknown) ? 'person' : 'readable'} ${name}`;
    const asked = this.asked.get(key) as Promise<Value> | undefined;
    if (asked) return asked;
    const asking = ask()
      .then(([value, validUntilMs]) => {
        const ttl = Math.floor(validUntilMs - Date.now());
        if (ttl > 0) cache.set(name, value, { ttl });
        return value;
      })
      .finally(() => this.asked.delete(key));
    this.asked.set(key, asking);
    return asking;
  }
}

/** Not the proof itself: what is remembered must be of no use to whoever reads the memory. */
const nameOf = ({ proof: { proof }, workspace }: Question): string =>
  hashOf(`${proof?.$case}\0${proof?.value}\0${workspace}`);
