import type { RepositoryId, RepositoryPath, SelectedRepository } from '@antipode/domain';

export interface MovesOptions {
  /** The id is made of the path: whoever comes back under it may be another one. */
  readonly isIdOfPath: boolean;
}

/** Whose path has changed under the same id, also while it was not selected, and when. */
export class Moves {
  private readonly gone = new Map<RepositoryId, RepositoryPath>();
  private readonly movedAt = new Map<RepositoryId, number>();

  constructor(private readonly options: MovesOptions) {}

  left({ id, path }: SelectedRepository): void {
    this.gone.set(id, path);
  }

  /** @returns true where it is not sure to be the one that was known under this id and path */
  came({ id, path }: SelectedRepository, before: SelectedRepository | undefined): boolean {
    const was = this.gone.get(id);
    this.gone.delete(id);
    const hasMoved = before ? before.path !== path : was !== undefined && this.isAnother(was, path);
    if (hasMoved) this.movedAt.set(id, Date.now());
    return hasMoved;
  }

  isWithin(id: RepositoryId, ms: number): boolean {
    const at = this.movedAt.get(id);
    return at !== undefined && Date.now() - at < ms;
  }

  private isAnother(was: RepositoryPath, now: RepositoryPath): boolean {
    return this.options.isIdOfPath || was !== now;
  }
}
