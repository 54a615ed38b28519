import { BitbucketCloud } from './bitbucket-cloud/bitbucket-cloud.js';
import { GitHttp } from './git-http/git-http.js';
import type { Primary } from './primary.js';
import type { PrimaryConfig } from './settings.js';

/** To add a kind of primary: an adapter folder, a word in `PRIMARY_KIND`, a line here, and `describePrimary` over it. */
const ADAPTERS: Record<PrimaryConfig['PRIMARY_KIND'], (config: PrimaryConfig) => Primary> = {
  'bitbucket-cloud': (config) => new BitbucketCloud(config),
  'git-http': (config) => new GitHttp(config),
};

/** @throws AntipodeError `invalid` where the settings do not suit the kind. */
export function createPrimary(config: PrimaryConfig): Primary {
  return ADAPTERS[config.PRIMARY_KIND](config);
}
