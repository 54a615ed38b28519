/** Which projects are mirrored: every one, or those named. */
export type ProjectChoice =
  { readonly all: true } | { readonly all: false; readonly projectKeys: readonly string[] };

/** include: public repositories of selected projects are mirrored, for anybody. exclude: they are left to the primary. */
export type PublicPolicy = 'include' | 'exclude';

/** What is mirrored. */
export type Selection = ProjectChoice & { readonly publicRepositories: PublicPolicy };

export const coversProject = (choice: ProjectChoice, projectKey: string): boolean =>
  choice.all || choice.projectKeys.includes(projectKey);

export const covers = (
  selection: Selection,
  repository: { readonly projectKey: string; readonly public: boolean },
): boolean =>
  coversProject(selection, repository.projectKey) &&
  (selection.publicRepositories === 'include' || !repository.public);

/** From all back to some. */
export const isNarrowing = (before: ProjectChoice, after: ProjectChoice): boolean => before.all && !after.all;

/** From some to all. */
export const widensToAll = (before: ProjectChoice, after: ProjectChoice): boolean =>
  isNarrowing(after, before);

/** The projects of the first that the second does not have. @param known every project, for "all" */
export const projectsBeyond = (
  one: ProjectChoice,
  other: ProjectChoice,
  known: readonly string[],
): string[] =>
  (one.all ? [...known] : [...one.projectKeys]).filter((key) => !coversProject(other, key)).sort();
