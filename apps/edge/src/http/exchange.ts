import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Knock } from '../session/hallway.js';
import type { Route } from './routes.js';

/** One request at the door. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route;
  readonly knock: Knock;
}
