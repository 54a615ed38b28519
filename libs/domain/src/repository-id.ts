/** The primary's UUID of a repository: lower case, no braces. It survives renames; a path does not. */
export type RepositoryId = string;

/** A repository's path on the primary in its adapter's normal form, without ".git": "acme/widget". */
export type RepositoryPath = string;

export const isRepositoryId = (text: string): text is RepositoryId =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
