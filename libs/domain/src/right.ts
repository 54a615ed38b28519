/** What somebody wants to do with a repository. */
export type Right = 'read' | 'write';
