import type { SelectedRepository } from '@antipode/domain';

/** One list of access keys on the primary. */
export interface ListName {
  readonly kind: 'repository' | 'project';
  /** The repository's path, or the project's key. */
  readonly name: string;
}

/** The lists on which a key must be to read a repository: its own, or its project's. */
export function listsOf({ path, projectKey }: SelectedRepository): ListName[] {
  const own: ListName = { kind: 'repository', name: path };
  return projectKey === undefined ? [own] : [own, { kind: 'project', name: projectKey }];
}

/** Every list that matters to these repositories, each once. */
export function listsOfAll(repositories: readonly SelectedRepository[]): ListName[] {
  const all = repositories.flatMap(listsOf);
  return [...new Map(all.map((list) => [`${list.kind} ${list.name}`, list])).values()];
}
