import { z } from 'zod';
import { isRepositoryId, type RepositoryId } from '@antipode/domain';
import type {
  ConnectionCredential,
  Membership,
  People,
  PrimaryAccount,
  WorkspaceRole,
} from '@antipode/primary';

/** What the primary can be asked about a person, and the form in which its answer is remembered. */
export interface PeopleQuestion<T> {
  readonly kind: 'who' | 'workspaces' | 'role' | 'readable';
  /** No two questions about one person share a name. */
  readonly name: string;
  readonly shape: z.ZodType<T>;
  readonly ask: (people: People, credential: ConnectionCredential) => Promise<T>;
}

export const WHO: PeopleQuestion<PrimaryAccount> = {
  kind: 'who',
  name: 'who',
  shape: z.object({ id: z.string(), displayName: z.string() }),
  ask: (people, credential) => people.identify(credential),
};

export const WORKSPACES: PeopleQuestion<Membership[]> = {
  kind: 'workspaces',
  name: 'workspaces',
  shape: z.array(z.object({ slug: z.string(), role: z.enum(['administrator', 'member']) })),
  ask: (people, credential) => people.workspaces(credential),
};

export const roleIn = (workspace: string): PeopleQuestion<WorkspaceRole> => ({
  kind: 'role',
  name: `role ${workspace}`,
  shape: z.enum(['administrator', 'member', 'stranger']),
  ask: (people, credential) => people.roleIn(credential, workspace),
});

export const readableIn = (workspace: string): PeopleQuestion<RepositoryId[]> => ({
  kind: 'readable',
  name: `readable ${workspace}`,
  shape: z.array(z.string().refine(isRepositoryId)),
  ask: (people, credential) => people.readable(credential, workspace),
});
