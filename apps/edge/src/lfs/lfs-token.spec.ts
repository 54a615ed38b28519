import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  isLfsToken,
  isTokenFor,
  openLfsTokenKey,
  readLfsToken,
  writeLfsToken,
  type LfsToken,
} from './lfs-token.js';

const key = openLfsTokenKey('ab'.repeat(32));
const NOW_MS = 1_700_000_000_000;
const token: LfsToken = {
  bearer: { kind: 'holder', holder: { holder: { $case: 'accountId', value: '{rita}' } } },
  repositoryId: '3f2c1e90-5b0d-4c55-9a77-0a1b2c3d4e5f',
  operation: 'download',
  expiresAt: NOW_MS / 1000 + 900,
};
const written = writeLfsToken(token, key);
const refused = expect.objectContaining({ code: 'unauthenticated' });

describe('a token for LFS', () => {
  it('is read as it was written, until its time is over', () => {
    expect(isLfsToken(written)).toBe(true);
    expect(readLfsToken(written, key, NOW_MS)).toEqual(token);
    expect(() => readLfsToken(written, key, token.expiresAt * 1000)).toThrow(refused);
  });

  it('of another key is none', () => {
    expect(() => readLfsToken(written, openLfsTokenKey('cd'.repeat(32)), NOW_MS)).toThrow(refused);
  });

  it('is none with any other bytes in it', () => {
    const other = writeLfsToken({ ...token, operation: 'upload' }, key);
    const [payload] = other.split('.').slice(1);
    const [, , signature] = written.split('.');
    expect(() => readLfsToken(`Bearer antipode-lfs.${payload}.${signature}`, key, NOW_MS)).toThrow(refused);
    expect(() => readLfsToken(written.slice(0, -1), key, NOW_MS)).toThrow(refused);
    expect(() => readLfsToken(`${written}.x`, key, NOW_MS)).toThrow(refused);
  });

  it('is for one repository, and an agent’s for one that still has its path', () => {
    const { repositoryId: id } = token;
    const moved = { id, path: 'acme/moved' };
    const other = { id: '00000000-0b0d-4c55-9a77-0a1b2c3d4e5f', path: 'acme/widget' };
    expect([moved, other].map((repository) => isTokenFor(token, repository))).toEqual([true, false]);
    const agents: LfsToken = { ...token, bearer: { kind: 'agent', path: 'acme/widget' } };
    expect(isTokenFor(agents, { id, path: 'acme/widget' })).toBe(true);
    expect([moved, other].map((repository) => isTokenFor(agents, repository))).toEqual([false, false]);
  });

  it('is found in no noise', () => {
    fc.assert(
      fc.property(fc.string(), (noise) => {
        expect(() => readLfsToken(`Bearer antipode-lfs.${noise}`, key, NOW_MS)).toThrow(refused);
        expect(() => readLfsToken(noise, key, NOW_MS)).toThrow(refused);
      }),
    );
  });
});
