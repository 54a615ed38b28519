export type Role = 'owner' | 'writer' | 'reader' | 'stranger';

export interface DemoUser {
  readonly username: string;
  readonly email: string;
  readonly apiToken: string;
  readonly role: Role;
}

/** `<data>/demo.json`: what `npm start -- --detach` leaves for programs. */
export interface DemoDocument {
  readonly mirror: { readonly url: string; readonly ssh: string; readonly adminToken: string };
  readonly primary: { readonly url: string; readonly api: string | null; readonly ssh: string | null };
  readonly workspace: string | null;
  readonly users: readonly DemoUser[];
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
}
