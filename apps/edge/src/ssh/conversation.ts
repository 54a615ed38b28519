import type { Readable, Writable } from 'node:stream';
import type { ProtocolVersion } from '@antipode/git-wire';
import type { Session } from '../session/hallway.js';

/** The three streams of one command over SSH, as a program on the other side has them. */
export interface Conversation {
  readonly stdin: Readable;
  /** Must not be ended by a command: the door does, after the exit status. */
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** What the client asked for by GIT_PROTOCOL. */
  readonly protocol: ProtocolVersion;
  /** Aborted when the client is gone, or the door has to close. */
  readonly signal: AbortSignal;
}

/**
 * One git service on one repository; resolves to the exit status.
 *
 * @throws AntipodeError which the door says on stderr in one sentence, with exit status 128 as git's own.
 */
export type Command = (conversation: Conversation, session: Session) => Promise<number>;
