import { describe, expect, it } from '@jest/globals';
import { Names } from './names.js';

describe('names for secrets', () => {
  const names = new Names('ab'.repeat(32));

  it('are the same for the same secret and key, and for nothing else', () => {
    expect(names.principal('Basic eA==')).toBe(new Names('ab'.repeat(32)).principal('Basic eA=='));
    expect(names.principal('Basic eA==')).not.toBe(new Names('cd'.repeat(32)).principal('Basic eA=='));
    expect(names.principal('Basic eA==')).not.toBe(names.principal('basic eA=='));
    expect(names.principal('192.0.2.7')).not.toBe(names.address('192.0.2.7'));
  });

  it('hold nothing of the secret, and nothing for nobody', () => {
    expect(names.principal('Basic c2VjcmV0')).not.toContain('c2VjcmV0');
    expect(names.principal(undefined)).toBe('');
  });
});
