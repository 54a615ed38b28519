import { describe, expect, it } from '@jest/globals';
import { CommandLimits, ConnectionLimits } from './connection-limits.js';

describe('connections', () => {
  const given = (options: Partial<ConstructorParameters<typeof ConnectionLimits>[0]> = {}) =>
    new ConnectionLimits({ connections: 10, perAddress: 10, strangers: 10, ...options });

  it('have room for so many of one address, and then for others', () => {
    const limits = given({ perAddress: 2 });
    const first = limits.enter('a');
    limits.enter('a');
    expect(limits.enter('a')).toBeUndefined();
    expect(limits.enter('b')).toBeDefined();
    first?.leave();
    first?.leave();
    expect(limits.enter('a')).toBeDefined();
    expect(limits.enter('a')).toBeUndefined();
  });

  it('have room for so many strangers, until they are known or gone', () => {
    const limits = given({ strangers: 2 });
    const known = limits.enter('a');
    const gone = limits.enter('b');
    expect(limits.enter('c')).toBeUndefined();
    known?.known();
    known?.known();
    expect(limits.enter('c')).toBeDefined();
    expect(limits.enter('d')).toBeUndefined();
    gone?.leave();
    expect(limits.enter('d')).toBeDefined();
    expect(limits.counts).toEqual({ connections: 3, strangers: 2 });
  });

  it('have room for so many in all', () => {
    const limits = given({ connections: 1 });
    limits.enter('a')?.known();
    expect(limits.enter('b')).toBeUndefined();
  });
});

describe('commands', () => {
  it('of one principal are bounded, and those of others are not touched', () => {
    const limits = new CommandLimits(1);
    const leave = limits.enter('ann');
    expect(limits.enter('ann')).toBeUndefined();
    expect(limits.enter('bob')).toBeDefined();
    leave?.();
    expect(limits.enter('ann')).toBeDefined();
  });
});
