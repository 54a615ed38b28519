import { describe, expect, it } from '@jest/globals';
import { openSecret, sealSecret } from './secret-box.js';

const KEY = 'ab'.repeat(32);

describe('a sealed secret', () => {
  it('opens with its key', () => {
    expect(openSecret(sealSecret('the secret', KEY), KEY)).toBe('the secret');
  });

  it('never looks the same twice, and does not show what it holds', () => {
    const [one, two] = [sealSecret('the secret', KEY), sealSecret('the secret', KEY)];
    expect(Buffer.from(one).equals(Buffer.from(two))).toBe(false);
    expect(Buffer.from(one).toString('latin1')).not.toContain('the secret');
  });

  it('does not open with another key, nor when a bit of it has changed', () => {
    const sealed = sealSecret('the secret', KEY);
    expect(() => openSecret(sealed, 'cd'.repeat(32))).toThrow(expect.objectContaining({ code: 'internal' }));
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed, (byte, index) => (index === at ? byte ^ 1 : byte));
      expect(() => openSecret(changed, KEY)).toThrow(expect.objectContaining({ code: 'internal' }));
    }
  });
});
