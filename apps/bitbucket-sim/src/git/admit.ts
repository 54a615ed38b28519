import { atLeast, permissionOn } from '../access/permission.js';
import { identityOf, type Knocker } from '../access/principal.js';
import { missingScopes, SCOPES } from '../access/scopes.js';
import type { Simulator } from '../simulator.js';
import { findRepository } from '../state/lookup.js';
import type { Repository } from '../state/model.js';
import { Refused, TEXT } from './refused.js';

export type GitService = 'git-upload-pack' | 'git-receive-pack';

export interface Knock {
  readonly who: Knocker;
  readonly workspace: string;
  readonly slug: string;
  readonly service: GitService;
  /** `advertisement`: only asks what there is, which a reader may be shown before a push. */
  readonly asks: 'advertisement' | 'everything';
}

/** The law of both doors: how often? may they? @throws Refused */
export function admit(sim: Simulator, knock: Knock): Repository {
  const { who, service } = knock;
  const { settings } = sim.store.state;
  const repository = findRepository(sim.store.state, knock.workspace, knock.slug);
  const taken = sim.limits.take('git', identityOf(who), settings.limits);
  if (taken?.allowed === false) throw new Refused(429, TEXT.limited);
  const permission = repository && permissionOn(sim.store.state, who, repository);
  // Anonymous callers learn nothing but that they are: also not whether the repository exists.
  if (who.kind === 'anonymous' && (!permission || service === 'git-receive-pack'))
    throw new Refused(401, TEXT.unauthenticated);
  if (!repository || !permission) throw new Refused(settings.missingStatus, missing(who));
  refuseByPolicy(repository);
  if (repository.isPrivate || service === 'git-receive-pack') refuseByScope(who, service);
  if (service === 'git-receive-pack') admitPush(sim, knock, atLeast(permission, 'write'));
  return repository;
}

const missing = (who: Knocker): string =>
  who.kind === 'deploy-key' ? TEXT.deployKeyElsewhere : TEXT.missing;

function refuseByPolicy({ refusal, isPrivate }: Repository): void {
  if (!isPrivate) return;
  if (refusal === 'ip-allowlist') throw new Refused(403, TEXT.ipAllowlist);
  if (refusal === 'two-step') throw new Refused(403, TEXT.twoStep);
}

/** Keys have no scopes: they are for git and for nothing else. */
function refuseByScope(who: Knocker, service: GitService): void {
  if (who.kind === 'key-of-user' || who.kind === 'deploy-key') return;
  const need = service === 'git-receive-pack' ? SCOPES.writeRepository : SCOPES.readRepository;
  if (missingScopes(who, need).length > 0) throw new Refused(403, TEXT.scope);
}

function admitPush({ faults, store }: Simulator, { who, asks }: Knock, mayWrite: boolean): void {
  if (faults.plan.readOnly) throw new Refused(403, TEXT.readOnly);
  if (who.kind === 'deploy-key') throw new Refused(403, TEXT.deployKeyReadOnly);
  const isLenient = asks === 'advertisement' && store.state.settings.readerReceivePackAdvertisement === 200;
  if (!mayWrite && !isLenient) throw new Refused(403, TEXT.missing);
}
