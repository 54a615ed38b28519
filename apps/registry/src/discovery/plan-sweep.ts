import type { RepositoryId } from '@antipode/domain';
import type { PrimaryRepository } from '@antipode/primary';
import type { KnownRepository, RepositoryFacts } from '../repositories/repository.js';
import { covers, type Selection } from '../selection/selection.js';

/** More than this many removals, and more than this share of all, are not believed without asking. */
const UNSUSPICIOUS_REMOVALS = 3;
const SUSPICIOUS_SHARE = 1 / 20;

export interface PageNews {
  /** New, or different from what we remember. */
  readonly changed: RepositoryFacts[];
  /** Known already, and moved since: probably a push. */
  readonly moved: RepositoryId[];
  /** Known as selected, but now in a project that is not. */
  readonly left: RepositoryId[];
}

/** What a page of the primary's listing tells us that we did not know. */
export function comparePage(
  page: readonly PrimaryRepository[],
  known: ReadonlyMap<RepositoryId, KnownRepository>,
  selection: Selection,
): PageNews {
  const changed: RepositoryFacts[] = [];
  const moved: RepositoryId[] = [];
  const left: RepositoryId[] = [];
  for (const listed of page) {
    const before = known.get(listed.id);
    if (!covers(selection, listed)) {
      if (before && !before.removed) left.push(listed.id);
      continue;
    }
    const facts = toFacts(listed);
    if (!before || differs(before, facts)) changed.push(facts);
    if (before && !before.removed && before.updatedOn !== facts.updatedOn) moved.push(facts.id);
  }
  return { changed, moved, left };
}

/** Repositories that we mirror and a complete listing did not name. */
export function missingFrom(
  listed: ReadonlySet<RepositoryId>,
  known: ReadonlyMap<RepositoryId, KnownRepository>,
): RepositoryId[] {
  return [...known.values()]
    .filter(({ id, removed, origin }) => !removed && origin === 'discovery' && !listed.has(id))
    .map(({ id }) => id);
}

/** What a sweep would take away. */
export interface Found {
  /** The listings do not name them. */
  readonly vanished: readonly RepositoryId[];
  /** The listings name them, outside of what is selected. */
  readonly left: readonly RepositoryId[];
}

export interface Circumstances {
  /** What an admin has agreed to remove. */
  readonly agreed: ReadonlySet<RepositoryId>;
  /** Of the vanished: those whose project is not shown to us either. */
  readonly hidden: ReadonlySet<RepositoryId>;
  /** How many are mirrored now. */
  readonly all: number;
}

export interface Judged {
  readonly believed: Found;
  /** Not removed without an admin's word. */
  readonly doubted: readonly RepositoryId[];
}

/**
 * An expired token, a half-answered listing or a credential that is shown less than it was is not a deletion. Many
 * removals at once need an admin's word; so do, however few they are, those of a project that we cannot see, and the
 * vanishing of everything.
 */
export function judgeRemovals({ vanished, left }: Found, { agreed, hidden, all }: Circumstances): Judged {
  const gone = vanished.filter((id) => !agreed.has(id));
  const open = [...gone, ...left.filter((id) => !agreed.has(id))];
  const doubted = isSuspicious(open.length, all)
    ? open
    : gone.filter((id) => hidden.has(id) || gone.length === all);
  const doubtful = new Set(doubted);
  const isBelieved = (id: RepositoryId): boolean => !doubtful.has(id);
  return { believed: { vanished: vanished.filter(isBelieved), left: left.filter(isBelieved) }, doubted };
}

/** Those whose project the primary does not show; what has no project is not hidden with one. */
export const hiddenAmong = (
  ids: readonly RepositoryId[],
  known: ReadonlyMap<RepositoryId, KnownRepository>,
  shown: ReadonlySet<string>,
): Set<RepositoryId> =>
  new Set(
    ids.filter((id) => {
      const key = known.get(id)?.projectKey ?? '';
      return key !== '' && !shown.has(key);
    }),
  );

const isSuspicious = (removals: number, all: number): boolean =>
  removals > UNSUSPICIOUS_REMOVALS && removals > all * SUSPICIOUS_SHARE;

function toFacts({
  id,
  path,
  name,
  projectKey,
  public: isPublic,
  sizeBytes,
  updatedOn,
}: PrimaryRepository): RepositoryFacts {
  return { id, path, name, projectKey, public: isPublic, sizeBytes, updatedOn };
}

const COMPARED = ['path', 'name', 'projectKey', 'public', 'sizeBytes', 'updatedOn'] as const;

const differs = (before: KnownRepository, now: RepositoryFacts): boolean =>
  before.removed || COMPARED.some((key) => before[key] !== now[key]);
