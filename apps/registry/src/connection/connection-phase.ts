/**
 * The life of the mirror's tie to a workspace.
 *
 *                  connect               accepted
 *   unconnected ────────────▶ connecting ────────▶ connected
 *        ▲                     │  ▲  ▲                │  ▲
 *        │             refused │  │  └── connect ─────┤  │ accepted
 *        │                     ▼  │ connect           │  │
 *        │                   suspended ◀── refused ───┘  │
 *        │                     │  └──────────────────────┘
 *        │ withdrawn           │ disconnect   (also from connecting and connected)
 *        └── disconnecting ◀───┘
 *
 * `connect` from a living phase replaces the credential; another workspace needs a `disconnect` first.
 */
export const CONNECTION_PHASES = [
  'unconnected',
  'connecting',
  'connected',
  'suspended',
  'disconnecting',
] as const;

export type ConnectionPhase = (typeof CONNECTION_PHASES)[number];

/**
 * connect: somebody has given a credential, or the settings have one.
 * accepted: the primary has answered to it.
 * refused: the primary has refused it, and again at a second look.
 * disconnect: somebody wants the mirror removed, or the settings no longer name a workspace.
 * withdrawn: webhook and credential are gone.
 */
export type ConnectionEvent = 'connect' | 'accepted' | 'refused' | 'disconnect' | 'withdrawn';

const TRANSITIONS: Record<ConnectionPhase, Partial<Record<ConnectionEvent, ConnectionPhase>>> = {
  unconnected: { connect: 'connecting' },
  connecting: {
    connect: 'connecting',
    accepted: 'connected',
    refused: 'suspended',
    disconnect: 'disconnecting',
  },
  connected: { connect: 'connecting', refused: 'suspended', disconnect: 'disconnecting' },
  suspended: { connect: 'connecting', accepted: 'connected', disconnect: 'disconnecting' },
  disconnecting: { withdrawn: 'unconnected' },
};

/** Where an event leads; undefined where it means nothing in this phase. */
export const follow = (phase: ConnectionPhase, event: ConnectionEvent): ConnectionPhase | undefined =>
  TRANSITIONS[phase][event];

/** Whether the primary is asked, and repositories are served. */
export const isLiving = (phase: ConnectionPhase): boolean =>
  phase === 'connecting' || phase === 'connected' || phase === 'suspended';
