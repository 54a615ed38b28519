import { Inject, Injectable } from '@nestjs/common';
import type { RepositoryPath, Right } from '@antipode/domain';
import type { Primary } from '@antipode/primary';
import { AccessKeyReader } from '../access-keys/access-key-reader.js';
import { listsOf, type ListName } from '../access-keys/access-key-list.js';
import { AccessKeysStore } from '../access-keys/access-keys.store.js';
import { SelectedRepositories } from '../access-keys/selected-repositories.js';
import type { Finding } from '../authorize/inquiry.js';
import { PRIMARY } from '../authorize/primary.token.js';
import { CONFIG, type AuthConfig } from '../config.js';

const ONLY_READS: Finding = {
  kind: 'denied',
  message:
    'This SSH key is an access key of a repository or project, and an access key only reads. To push, use a key of your own account.',
};
const NOT_THERE: Finding = { kind: 'not_found' };

/** What an access key may do: read the repository, or the project's repositories, on whose list the primary has it. */
@Injectable()
export class AccessKeyRights {
  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    @Inject(PRIMARY) private readonly primary: Primary,
    private readonly repositories: SelectedRepositories,
    private readonly store: AccessKeysStore,
    private readonly reader: AccessKeyReader,
  ) {}

  /**
   * Looks at the list itself where it was not read within the life of a verdict.
   *
   * @throws AntipodeError `primary_*`, `service_unavailable` where there is no telling.
   */
  async ask(fingerprint: string, path: RepositoryPath, right: Right): Promise<Finding> {
    const repository = this.repositories.find(path);
    if (!repository || !this.primary.accessKeys) return NOT_THERE;
    const lists = listsOf(repository);
    const found = (await this.lookAt(lists, fingerprint)) ?? (await this.lookAnew(lists, fingerprint, path));
    if (!found) return NOT_THERE;
    // Whoever may not even read it must not learn that it exists.
    return right === 'write' ? ONLY_READS : found;
  }

  /** Lists on which the key was not known to be cost nothing. */
  private async lookAt(lists: readonly ListName[], fingerprint: string): Promise<Finding | undefined> {
    for (const list of lists) {
      const before = await this.store.list(list);
      if (!before?.fingerprints.has(fingerprint)) continue;
      const now = await this.reader.current(list, this.config.VERDICT_SECONDS * 1000);
      if (now?.readAt !== undefined && now.fingerprints.has(fingerprint))
        return { kind: 'allowed', asOf: now.readAt };
    }
    return undefined;
  }

  /** The key may have been put on this repository's list just now. */
  private async lookAnew(
    lists: readonly ListName[],
    fingerprint: string,
    path: RepositoryPath,
  ): Promise<Finding | undefined> {
    // Whatever goes wrong with a list that the key was not on is no answer to its holder.
    await this.reader.notice(path).catch(() => undefined);
    return this.lookAt(lists, fingerprint);
  }
}
