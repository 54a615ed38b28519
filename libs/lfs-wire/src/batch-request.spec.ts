import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isAntipodeError } from '@antipode/errors';
import { readBatchRequest } from './batch-request.js';

const OID = 'a'.repeat(64);
const read = (body: unknown) => readBatchRequest(JSON.stringify(body));

describe('a batch request', () => {
  it('is read with all that a client may tell', () => {
    const request = {
      operation: 'download',
      transfers: ['lfs-standalone-file', 'basic', 'ssh'],
      ref: { name: 'refs/heads/main' },
      hash_algo: 'sha256',
      objects: [{ oid: OID, size: 123 }],
    };
    expect(read(request)).toEqual({
      operation: 'download',
      transfers: ['lfs-standalone-file', 'basic', 'ssh'],
      ref: 'refs/heads/main',
      hashAlgo: 'sha256',
      objects: [{ kind: 'object', object: { oid: OID, size: 123 } }],
    });
  });

  it('is read with the least that a client may tell', () => {
    const least = { operation: 'upload', ref: null, transfers: [], objects: [] };
    expect(read(least)).toEqual({
      operation: 'upload',
      transfers: ['basic'],
      ref: undefined,
      hashAlgo: 'sha256',
      objects: [],
    });
  });

  it('keeps the place of objects that are nonsense, and takes an empty file for a file', () => {
    const objects = [
      { oid: OID, size: 0 },
      { oid: '../../etc/passwd', size: 1 },
      { oid: OID.toUpperCase(), size: 1 },
      { oid: OID, size: -1 },
      { oid: OID, size: 1.5 },
      { oid: OID, size: '12' },
      null,
      'x',
    ];
    const { objects: asked } = read({ operation: 'download', objects });
    expect(asked.map(({ kind }) => kind)).toEqual(['object', ...Array<string>(7).fill('nonsense')]);
    expect(asked[3]).toEqual({
      kind: 'nonsense',
      oid: OID,
      size: 0,
      why: 'The size must be a whole number of bytes.',
    });
  });

  it.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['another operation', '{"operation":"delete","objects":[]}'],
    ['no objects', '{"operation":"download"}'],
    ['objects by name', '{"operation":"download","objects":{}}'],
    ['an array', '[]'],
  ])('is refused where it is %s', (_, body) => {
    expect(() => readBatchRequest(body)).toThrow(expect.objectContaining({ code: 'invalid' }));
  });

  it('is refused as too large where it names too many objects', () => {
    expect(() => read({ operation: 'download', objects: Array(10_001).fill({}) })).toThrow(
      expect.objectContaining({ code: 'too_large' }),
    );
  });

  it('ends well or as invalid, whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (body) => {
        try {
          readBatchRequest(body);
        } catch (error) {
          if (!isAntipodeError(error) || error.code !== 'invalid') throw error;
        }
      }),
    );
  });
});
