import type { Primary } from '@antipode/primary';

/** The primary, as pages name it. */
export interface Host {
  readonly kind: string;
  /** "bitbucket.org" */
  readonly name: string;
}

export const hostOf = ({ kind, displayName }: Pick<Primary, 'kind' | 'displayName'>): Host => ({
  kind,
  name: displayName,
});

/** As people call it: "Bitbucket". */
export const nameOfHost = ({ kind, name }: Host): string => (kind === 'bitbucket-cloud' ? 'Bitbucket' : name);
