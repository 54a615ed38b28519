import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Ticket } from '@antipode/lfs-wire';

/** One request whose ticket was found good. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly ticket: Ticket;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}
