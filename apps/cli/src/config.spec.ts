import { describe, expect, it } from '@jest/globals';
import { inheritedEnvironment } from './config.js';

describe('what parts inherit from the environment', () => {
  it("is the caller's own settings", () => {
    expect(inheritedEnvironment({ PATH: '/bin', FRESHNESS: 'strict', GIT_SSL_CAINFO: '/ca.pem' })).toEqual({
      PATH: '/bin',
      FRESHNESS: 'strict',
      GIT_SSL_CAINFO: '/ca.pem',
    });
  });

  it("is nothing of npm's, jest's, git's or our own", () => {
    const foreign = {
      npm_config_x: '1',
      INIT_CWD: '/',
      NODE_OPTIONS: '--inspect',
      JEST_WORKER_ID: '1',
      GIT_DIR: '.git',
      ANTIPODE_DETACHED: '1',
    };
    expect(inheritedEnvironment(foreign)).toEqual({});
  });
});
