/** What others can be told of. */
export const EVENTS = ['mirror:repo_synchronized', 'mirror:repo_failing'] as const;
export type EventKey = (typeof EVENTS)[number];

/** What Bitbucket sends to try a webhook. */
export const PING = 'diagnostics:ping';

export interface OutgoingEvent {
  readonly key: EventKey;
  /** Events of one topic are sent in their order. */
  readonly topic: string;
  readonly body: string;
}
