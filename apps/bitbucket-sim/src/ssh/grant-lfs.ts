import type { KeyHolder } from '../access/principal.js';
import { admit } from '../git/admit.js';
import type { Simulator } from '../simulator.js';
import type { LfsCommand } from './parse-command.js';

/** What `git-lfs-authenticate` prints. Spec: git-lfs docs/api/server-discovery.md. */
export interface LfsGrantAnswer {
  readonly href: string;
  readonly header: { readonly Authorization: string };
  readonly expires_in: number;
}

/** For somebody who has proved a key: where the LFS API is, and a token for this repository and this right. @throws Refused */
export function grantLfs(sim: Simulator, holder: KeyHolder, command: LfsCommand): LfsGrantAnswer {
  const { workspace, slug, operation } = command;
  const service = operation === 'upload' ? 'git-receive-pack' : 'git-upload-pack';
  const { uuid } = admit(sim, { who: holder, workspace, slug, service, asks: 'everything' });
  const { lfsTokenLifetimeSeconds: lifetime } = sim.store.state.settings;
  const expires = Date.now() + lifetime * 1000;
  const authorization = sim.lfsTokens.give({ holder, repositoryUuid: uuid, operation, expires });
  return {
    href: `${sim.site}/${workspace}/${slug}/info/lfs`,
    header: { Authorization: authorization },
    expires_in: lifetime,
  };
}
