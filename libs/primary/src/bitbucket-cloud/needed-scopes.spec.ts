import { describe, expect, it } from '@jest/globals';
import { judgeScopes } from './needed-scopes.js';

const missing = (...granted: string[]): string[] => judgeScopes(granted).flatMap((need) => need.missing);

describe('what a credential lets the mirror do', () => {
  it('is everything with the scopes of an OAuth consumer or of an API token that has them all', () => {
    expect(missing('project', 'webhook', 'repository:admin', 'project:admin', 'account')).toEqual([]);
    const words = ['read:repository', 'read:project', 'read:webhook', 'write:webhook', 'delete:webhook'];
    const admin = ['admin:repository', 'admin:project'];
    expect(missing(...[...words, ...admin].map((word) => `${word}:bitbucket`))).toEqual([]);
  });

  it('names what is missing in the words of the credential, and what each of it costs', () => {
    expect(missing('repository')).toEqual(['project', 'webhook', 'repository:admin', 'project:admin']);
    expect(missing('read:repository:bitbucket')).toContain('read:project:bitbucket');
    const costs = judgeScopes(['project']).map(({ missing: lacks, without }) => [lacks.length, without]);
    expect(costs).toEqual([
      [0, undefined],
      [0, undefined],
      [1, expect.stringContaining('asking')],
      [2, expect.stringContaining('access keys')],
    ]);
  });

  it('lets writing scopes hold the reading ones, and admin scopes nothing', () => {
    expect(missing('repository:write', 'project')).not.toContain('repository');
    expect(missing('repository:admin', 'project:admin')).toEqual(['repository', 'project', 'webhook']);
  });
});
