import type { auth } from '@antipode/contracts';

/** A proof as auth takes it: a session of the pages, or an Authorization header. */
export type PersonProof = auth.PersonProof;

/** What a person is in the workspace that this mirror is connected to; while it is not, everybody is a stranger. */
export type PersonRole = 'administrator' | 'member' | 'stranger';

export interface Person {
  readonly kind: 'person';
  /** The primary's UUID, without braces. */
  readonly id: string;
  readonly displayName: string;
  readonly role: PersonRole;
  readonly proof: PersonProof;
  /** Of the client that has shown it, for auth's limit on failures. */
  readonly address: string;
}

/** Who looks at the mirror: nobody known, whoever shows the admin token, or a person of the primary. */
export type Viewer =
  /** `mustSignIn`: their network may see nothing without a credential, also of what anybody may read (the edge's PUBLIC_… lists). */
  | { readonly kind: 'anonymous'; readonly mustSignIn?: true }
  /** The bootstrap ADMIN_TOKEN: as Bearer, or a page session made with it. */
  | { readonly kind: 'token' }
  | Person;

/** Which repositories somebody may know of: all; or the public ones, where they are mirrored, and these. */
export type Sight = { readonly all: true } | { readonly all: false; readonly ids: ReadonlySet<string> };

export const ANONYMOUS: Viewer = { kind: 'anonymous' };
export const MUST_SIGN_IN: Viewer = { kind: 'anonymous', mustSignIn: true };
export const TOKEN: Viewer = { kind: 'token' };

export const isAdministrator = (viewer: Viewer): boolean =>
  viewer.kind === 'token' || (viewer.kind === 'person' && viewer.role === 'administrator');

/** Administrators are members, too. */
export const isMember = (viewer: Viewer): boolean =>
  isAdministrator(viewer) || (viewer.kind === 'person' && viewer.role === 'member');

/** Whether somebody has shown a credential of theirs, which is no session and may be kept anywhere. */
export const isByCredential = ({ proof }: Person): boolean => proof.proof?.$case === 'authorization';

/** For the audit log and for people: "Olivia Owner (uuid)", and whether it was a script of hers. */
export function nameOf(viewer: Viewer): string {
  switch (viewer.kind) {
    case 'anonymous':
      return 'somebody unknown';
    case 'token':
      return 'bootstrap token';
    case 'person':
      return `${viewer.displayName} (${viewer.id})${isByCredential(viewer) ? ', by API token' : ''}`;
  }
}
