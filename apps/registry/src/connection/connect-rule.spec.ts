import { describe, expect, it } from '@jest/globals';
import { requireLeave, type Leave } from './connect-rule.js';
import { CONNECTION_PHASES, type ConnectionPhase } from './connection-phase.js';

/** What somebody hears who wants to connect `acme`. */
function heard(phase: ConnectionPhase, workspace: string | null, leave: Leave): string {
  try {
    requireLeave({ phase, workspace } as Parameters<typeof requireLeave>[0], 'acme', leave);
    return 'yes';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('requireLeave', () => {
  it('lets whoever is let in by the connection alone do nothing once it has ended', () => {
    const heards = CONNECTION_PHASES.map((phase) => [phase, heard(phase, 'acme', 'connected')]);
    expect(Object.fromEntries(heards)).toEqual({
      unconnected: 'denied',
      connecting: 'yes',
      connected: 'yes',
      suspended: 'yes',
      disconnecting: 'conflict',
    });
  });

  it('takes the mirror from nobody, whatever the leave', () => {
    expect(heard('unconnected', 'globex', 'anywhere')).toBe('yes');
    for (const phase of ['connecting', 'connected', 'suspended', 'disconnecting'] as const)
      expect([phase, heard(phase, 'globex', 'anywhere')]).toEqual([phase, 'conflict']);
  });
});
