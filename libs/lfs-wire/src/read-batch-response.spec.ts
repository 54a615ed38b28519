import { describe, expect, it } from '@jest/globals';
import { readBatchResponse } from './read-batch-response.js';

const OID = 'b'.repeat(64);

describe("another server's answer to a batch", () => {
  it('keeps links byte for byte, and drops what nobody here knows', () => {
    const href = 'https://media.example/file/%2Fx/binary?token=a%2Bb&client=1';
    const answer = {
      transfer: 'basic',
      took: 12,
      objects: [
        { oid: OID, size: 1, authenticated: true, actions: { download: { href, expires_in: 900, id: 7 } } },
        { oid: OID, size: 2, error: { code: 404, message: 'Object does not exist' } },
      ],
    };
    expect(readBatchResponse(JSON.stringify(answer))).toEqual({
      transfer: 'basic',
      objects: [
        { oid: OID, size: 1, authenticated: true, actions: { download: { href, expires_in: 900 } } },
        { oid: OID, size: 2, error: { code: 404, message: 'Object does not exist' } },
      ],
    });
  });

  it('is "basic" where it names no transfer', () => {
    expect(readBatchResponse('{"objects":[]}').transfer).toBe('basic');
  });

  it('loses no object to an odd neighbour', () => {
    const good = { oid: OID, size: 1, actions: { download: { href: 'https://x/', expires_in: 1.5 } } };
    const odd = [
      { oid: 'x', size: 1 },
      { oid: 1 },
      null,
      { oid: OID, size: -1 },
      { oid: OID, size: 1, actions: 7 },
    ];
    expect(readBatchResponse(JSON.stringify({ objects: [...odd, good] })).objects).toEqual([
      { ...good, actions: { download: { href: 'https://x/', expires_in: 1 } } },
    ]);
  });

  it('takes null for nothing, and cuts a long message', () => {
    const objects = [
      {
        oid: OID,
        size: 1,
        authenticated: null,
        actions: null,
        error: { code: 404, message: 'x'.repeat(5000) },
      },
      {
        oid: OID,
        size: 1,
        actions: { download: { href: 'h', header: null, expires_at: null } },
        error: null,
      },
    ];
    expect(readBatchResponse(JSON.stringify({ transfer: null, objects }))).toEqual({
      transfer: 'basic',
      objects: [
        { oid: OID, size: 1, error: { code: 404, message: 'x'.repeat(2000) } },
        { oid: OID, size: 1, actions: { download: { href: 'h' } } },
      ],
    });
  });

  it.each(['<html>', '{}', '{"objects":{}}', '[]', 'null'])('is no answer where it is %s', (body) => {
    expect(() => readBatchResponse(body)).toThrow(expect.objectContaining({ code: 'primary_misbehaved' }));
  });
});
