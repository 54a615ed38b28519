import type { RepositoryPath } from '@antipode/domain';
import { toAntipodeError, type Code } from '@antipode/errors';
import { LRUCache } from 'lru-cache';
import type { Primary } from '@antipode/primary';
import type { KnownConnection, RepositoryTable } from '@antipode/rpc';
import { ANONYMOUS } from './caller.js';
import type { Knock } from './hallway.js';
import { NotMirrored } from './not-mirrored.js';
import type { Verdicts } from './verdicts.js';

export interface AbsenceOptions {
  readonly primary: Pick<Primary, 'gitUrl' | 'sshUrl' | 'sshPath'>;
  readonly table: Pick<RepositoryTable, 'connection'>;
  readonly verdicts: Verdicts;
}

/** How long a repository is believed to be private; the price of an error is a sentence to somebody who may read it. */
const PRIVATE_MS = 60_000;
const MAX_PATHS = 5000;
/** The primary's no to an anonymous caller. */
const REFUSALS: ReadonlySet<Code> = new Set<Code>(['unauthenticated', 'not_found', 'denied']);

/**
 * Why a repository is not here, for those to whom its workspace belongs.
 *
 * Whoever the primary has let into a private repository of the workspace is one of them. Into a public one it lets
 * anybody with an account, so its callers hear what strangers hear: what is mirrored is none of theirs.
 */
export class Absence {
  private readonly privatePaths = new LRUCache<RepositoryPath, true>({ max: MAX_PATHS, ttl: PRIVATE_MS });

  constructor(private readonly options: AbsenceOptions) {}

  /**
   * @param knock of a caller whom the primary has just let in.
   * @returns undefined for whoever is to hear of a missing repository, and no more.
   */
  async explain(knock: Knock, path: RepositoryPath): Promise<NotMirrored | undefined> {
    const { connection } = this.options.table;
    const { caller, visit } = knock;
    if (!connection?.workspace || caller.kind === 'anonymous' || visit.outage) return undefined;
    if (path.slice(0, path.indexOf('/')) !== connection.workspace) return undefined;
    if (!(await this.isPrivate(knock, path))) return undefined;
    return new NotMirrored(sentence(connection, { path, url: this.urlFor(knock, path) }));
  }

  private async isPrivate(knock: Knock, path: RepositoryPath): Promise<boolean> {
    if (this.privatePaths.has(path)) return true;
    const { clientAddress, signal, visit } = knock;
    try {
      const question = { path, right: 'read', caller: ANONYMOUS, clientAddress, signal } as const;
      await visit.step('authorize', () => this.options.verdicts.authorize(question));
      return false;
    } catch (error) {
      const isPrivate = REFUSALS.has(toAntipodeError(error, 'asking whether anybody may read it').code);
      if (isPrivate) this.privatePaths.set(path, true);
      return isPrivate;
    }
  }

  private urlFor({ caller }: Knock, path: RepositoryPath): string {
    const { primary } = this.options;
    const isSsh = caller.kind === 'holder' || caller.kind === 'agent';
    return isSsh && primary.sshUrl ? `${primary.sshUrl}/${primary.sshPath(path)}` : primary.gitUrl(path);
  }
}

const sentence = (
  { connected, workspace }: KnownConnection,
  { path, url }: { path: RepositoryPath; url: string },
): string =>
  connected
    ? `${path} is not mirrored here (its project is not selected, or it is very new). Clone from ${url}, ` +
      "or ask the mirror's administrator."
    : `This mirror is no longer connected to ${workspace}. Clone from ${url}, or ask the mirror's administrator.`;
