import { describe, expect, it } from '@jest/globals';
import { CommandLimits, ConnectionLimits } from './connection-limits.js';

describe('connections', () => {
  const given = (options: Partial<ConstructorParameters<typeof ConnectionLimits>[0]> = {}) =>
    new ConnectionLimits({ connections: 10, perAddress: 10, strangers: 10, ...options });

  it('have room for so many of one address, and then for others', () => {
    const limits = given({ perAddress: 2 });
    const first = limits.enter('192.0.2.1');
    limits.enter('192.0.2.1');
    expect(limits.enter('192.0.2.1')).toBeUndefined();
    expect(limits.enter('192.0.2.2')).toBeDefined();
    first?.leave();
    first?.leave();
    expect(limits.enter('192.0.2.1')).toBeDefined();
    expect(limits.enter('192.0.2.1')).toBeUndefined();
  });

  it('count an IPv6 network as one address, since one customer has all of it', () => {
    const limits = given({ perAddress: 1 });
    limits.enter('2001:db8::1');
    expect(limits.enter('2001:db8::2')).toBeUndefined();
    expect(limits.enter('2001:db8:0:1::1')).toBeDefined();
  });

  it('have room for so many strangers, until they are known or gone', () => {
    const limits = given({ strangers: 2 });
    const known = limits.enter('192.0.2.1');
    const gone = limits.enter('192.0.2.2');
    expect(limits.enter('192.0.2.3')).toBeUndefined();
    known?.known();
    known?.known();
    expect(limits.enter('192.0.2.3')).toBeDefined();
    expect(limits.enter('192.0.2.4')).toBeUndefined();
    gone?.leave();
    expect(limits.enter('192.0.2.4')).toBeDefined();
    expect(limits.counts).toEqual({ connections: 3, strangers: 2 });
  });

  it('have room for so many in all', () => {
    const limits = given({ connections: 1 });
    limits.enter('192.0.2.1')?.known();
    expect(limits.enter('192.0.2.2')).toBeUndefined();
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
