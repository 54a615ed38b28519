import type { Readable, Writable } from 'node:stream';
import type { auth } from '@antipode/contracts';
import type { GitService, RepositoryPath, Right } from '@antipode/domain';
import type { ProtocolVersion } from '@antipode/git-wire';

/** Who knocks, as far as the door could find out by itself. What a caller may do is never decided here. */
export type Caller =
  | { readonly kind: 'anonymous' }
  /** Whoever showed an Authorization header: kept byte for byte. */
  | { readonly kind: 'credential'; readonly authorization: string }
  /** Whoever proved to hold an SSH key that is known. */
  | { readonly kind: 'holder'; readonly holder: auth.KeyHolder; readonly displayName: string }
  /** Whoever lends us an SSH agent: for this connection only, and without an identity. */
  | { readonly kind: 'agent'; readonly oracle: Oracle };

export const ANONYMOUS: Caller = { kind: 'anonymous' };

/** The primary's own answer to whoever holds the keys of a forwarded agent. */
export interface Oracle {
  /** A meaningless name of this connection's agent, for logs and limits. */
  readonly principal: string;
  /**
   * Returns where the primary lets the agent's keys in. Verdicts must not outlive the connection.
   *
   * @throws AntipodeError `not_found`, `denied`, `unauthenticated`, or a *cannot*.
   */
  authorize(path: RepositoryPath, right: Right, signal: AbortSignal): Promise<void>;
  /** The primary has just said otherwise. */
  forget(path: RepositoryPath, right: Right): void;
  /**
   * Runs one of git's services on the primary, as whoever holds the agent's keys.
   *
   * @throws AntipodeError `primary_unavailable`, `unauthenticated` (none of the keys is known there), `primary_misbehaved`.
   */
  run(asked: RemoteCommand): Promise<RemoteService>;
}

export interface RemoteCommand {
  readonly service: GitService;
  readonly path: RepositoryPath;
  readonly protocol: ProtocolVersion;
  readonly signal: AbortSignal;
}

/** A service that runs on the primary. */
export interface RemoteService {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** How it ended; undefined where the connection ended first. Never rejects. */
  readonly ended: Promise<RemoteEnd | undefined>;
  /** Gives it up. */
  close(): void;
}

export type RemoteEnd = { readonly status: number } | { readonly signal: string };

/** What a caller's credential is to a map's key: no two callers share a text. Holds the credential: never log it. */
export function writeCallerKey(caller: Exclude<Caller, { kind: 'agent' }>): string {
  switch (caller.kind) {
    case 'anonymous':
      return '-';
    case 'credential':
      return `+${caller.authorization}`;
    case 'holder': {
      const { holder } = caller.holder;
      return holder ? `${holder.$case}:${holder.value}` : '-';
    }
  }
}
