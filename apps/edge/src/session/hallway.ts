import type { RepositoryPath, Right, SelectedRepository } from '@antipode/domain';
import type { registry } from '@antipode/contracts';
import { AntipodeError } from '@antipode/errors';
import type { Primary } from '@antipode/primary';
import { callUnary, type RepositoryTable } from '@antipode/rpc';
import type { Networks } from '../network/networks.js';
import { Absence } from './absence.js';
import type { Caller } from './caller.js';
import type { Verdicts } from './verdicts.js';
import type { Visit } from './visit.js';

/** What a door has understood of a request before it asks anybody. */
export interface Knock {
  /** As the client wrote it, decoded once, without the leading slash: "acme/widget.git". */
  readonly path: string | undefined;
  readonly caller: Caller;
  readonly right: Right;
  readonly clientAddress: string;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  readonly visit: Visit;
}

/** One authorised conversation on one repository. */
export interface Session extends Knock {
  readonly repository: SelectedRepository;
}

export interface Neighbours {
  readonly primary: Primary;
  readonly table: Pick<RepositoryTable, 'find' | 'take' | 'connection'>;
  readonly verdicts: Verdicts;
  readonly registry: registry.RegistryServiceClient;
  readonly networks: Pick<Networks, 'servesAnybody'>;
}

const LEARN_TIMEOUT_MS = 5000;

/**
 * The way from a knock to a session, the same for every door: which repository, who, may they.
 *
 * Whoever shows a credential is asked about before anything is said about existence, so that not selected,
 * hidden and missing are one answer; whoever shows none learns nothing but that a credential is needed. Members of the
 * workspace alone hear why a repository of theirs is not here (`absence.ts`).
 */
export class Hallway {
  private readonly absence: Absence;

  constructor(private readonly neighbours: Neighbours) {
    this.absence = new Absence(neighbours);
  }

  /** @throws AntipodeError `unauthenticated`, `not_found`, `denied`, `too_many_failures`, or a *cannot*. */
  async enter(knock: Knock): Promise<Session> {
    const { primary, table } = this.neighbours;
    const path = knock.path === undefined ? undefined : primary.parseRepositoryPath(knock.path);
    const known = path === undefined ? undefined : table.find(path);
    this.requireCredential(knock, known);
    if (path === undefined) throw notFound();
    const { principal, outage } = await this.authorize(knock, path);
    knock.visit.principal = principal;
    knock.visit.outage = outage;
    // The table may have changed while the primary was asked.
    const repository = table.find(path) ?? (await this.learn(knock, path));
    knock.visit.repositoryId = repository.id;
    return { ...knock, repository };
  }

  /** The primary refused what it had allowed before: the next request asks again. */
  forget(session: Session): void {
    this.neighbours.verdicts.forget({
      path: session.repository.path,
      right: session.right,
      caller: session.caller,
    });
  }

  /**
   * Anonymous callers trouble the primary only where it may say yes, and where their network may read what is public:
   * from another one a public repository looks like all others.
   */
  private requireCredential(knock: Knock, known: SelectedRepository | undefined): void {
    if (knock.caller.kind !== 'anonymous') return;
    const isServed = this.neighbours.networks.servesAnybody(knock.clientAddress);
    if (isServed && known?.public && knock.right === 'read') return;
    // A host without an API tells nobody which repositories are public: only its git endpoint knows.
    const isUnknowable = this.neighbours.primary.discovery === undefined;
    if (!isUnknowable || !isServed)
      throw new AntipodeError('unauthenticated', 'entering without a credential');
  }

  private authorize(knock: Knock, path: RepositoryPath) {
    const { right, caller, clientAddress, signal, visit } = knock;
    const question = { path, right, caller, clientAddress, signal };
    return visit.step('authorize', () => this.neighbours.verdicts.authorize(question));
  }

  /** The primary has just let this caller in, so the repository exists; whether we mirror it is the registry's. */
  private async learn(knock: Knock, path: RepositoryPath): Promise<SelectedRepository> {
    if (!this.neighbours.primary.onDemand) throw (await this.absence.explain(knock, path)) ?? notFound();
    const answer = await callUnary(
      this.neighbours.registry,
      'learnRepository',
      { path },
      { timeoutMs: LEARN_TIMEOUT_MS },
    );
    if (!answer.repository) throw notFound();
    return this.neighbours.table.take(answer.repository);
  }
}

const notFound = (): AntipodeError => new AntipodeError('not_found', 'finding the repository');
