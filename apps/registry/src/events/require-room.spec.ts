import { describe, expect, it } from '@jest/globals';
import { ANONYMOUS, TOKEN, type Viewer } from '../people/viewer.js';
import { requireRoom } from './require-room.js';

const member = { kind: 'person', id: 'a', displayName: 'A', role: 'member', proof: {} } as unknown as Viewer;
const following = (count: number, viewer: Viewer) =>
  Array.from({ length: count }, (_, n) => ({ owner: `${viewer.kind} ${n}`, viewer }));
const hasRoom = (all: ReturnType<typeof following>, viewer: Viewer, owner = 'new'): boolean => {
  try {
    requireRoom(all, { owner, viewer });
    return true;
  } catch {
    return false;
  }
};

describe('room for those who follow', () => {
  it('is not all for people whom nobody knows', () => {
    const crowd = following(100, ANONYMOUS);
    expect(hasRoom(crowd, ANONYMOUS)).toBe(false);
    expect(hasRoom(crowd, member)).toBe(true);
  });

  it('is kept for administrators when it is crowded', () => {
    const crowd = following(480, member);
    expect(hasRoom(crowd, member)).toBe(false);
    expect(hasRoom(crowd, TOKEN)).toBe(true);
    expect(hasRoom(following(500, member), TOKEN)).toBe(false);
  });

  it('is bounded for each', () => {
    const mine = following(50, member).map((one) => ({ ...one, owner: 'me' }));
    expect(hasRoom(mine, member, 'me')).toBe(false);
    expect(hasRoom(mine, member, 'you')).toBe(true);
  });
});
