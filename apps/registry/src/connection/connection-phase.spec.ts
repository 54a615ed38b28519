import { describe, expect, it } from '@jest/globals';
import {
  CONNECTION_PHASES,
  follow,
  isLiving,
  type ConnectionEvent,
  type ConnectionPhase,
} from './connection-phase.js';

const walk = (...events: ConnectionEvent[]): (ConnectionPhase | undefined)[] => {
  let phase: ConnectionPhase | undefined = 'unconnected';
  return events.map((event) => (phase = phase && follow(phase, event)));
};

describe('the life of a connection', () => {
  it('goes from nothing to connected and back', () => {
    expect(walk('connect', 'accepted', 'disconnect', 'withdrawn', 'connect')).toEqual([
      'connecting',
      'connected',
      'disconnecting',
      'unconnected',
      'connecting',
    ]);
  });

  it('is suspended by a refusal, and heals by itself or by another credential', () => {
    expect(walk('connect', 'accepted', 'refused', 'accepted')).toContain('suspended');
    expect(walk('connect', 'refused', 'connect', 'accepted').at(-1)).toBe('connected');
  });

  it('can be ended from every phase in which it lives, and only from those', () => {
    for (const phase of CONNECTION_PHASES) {
      expect([phase, follow(phase, 'disconnect')]).toEqual([
        phase,
        isLiving(phase) ? 'disconnecting' : undefined,
      ]);
    }
  });

  it('goes nowhere else while it is being taken down', () => {
    const events: ConnectionEvent[] = ['connect', 'accepted', 'refused', 'disconnect'];
    expect(events.map((event) => follow('disconnecting', event))).toEqual(events.map(() => undefined));
  });
});
