import { z } from 'zod';
import { noFaults } from '../../faults/fault-plan.js';
import { seedSample } from '../../sample/seed-sample.js';
import { emptyState } from '../../state/empty-state.js';
import { settingsPatch, withPatch } from '../../state/settings-schema.js';
import { fullName, projectOf } from '../../state/lookup.js';
import type { State, User, Workspace } from '../../state/model.js';
import { SAMPLE } from '../../sample/sample-names.js';
import type { ControlCall, ControlRoute } from '../control-route.js';

/** What the launcher and the tests need to go on: who there is, and with which secrets. */
function overview({ sim, base }: ControlCall) {
  const { state } = sim.store;
  const workspace = state.workspaces[0];
  return {
    workspace: workspace?.slug ?? null,
    url: base,
    api: `${base}/2.0`,
    ssh: sim.ssh,
    /** Where large files come from, as far as this caller sees it. */
    media: sim.media.url('media', new URL(base).hostname),
    oauth: oauthOverview(state, base),
    mirrorToken: mirrorToken(state),
    users: state.users.map((user) => userOverview(state, user, workspace)),
    projects: state.projects.map((project) => ({
      key: project.key,
      uuid: project.uuid,
      name: project.name,
      isPrivate: project.isPrivate,
      repositories: state.repositories
        .filter((one) => one.projectUuid === project.uuid)
        .map(({ slug }) => slug),
    })),
    repositories: state.repositories.map((one) => ({
      uuid: one.uuid,
      fullName: fullName(state, one),
      slug: one.slug,
      project: projectOf(state, one).key,
      isPrivate: one.isPrivate,
      mainbranch: one.mainbranch,
      sizeBytes: one.sizeBytes,
      updatedOn: one.updatedOn,
      gitUrl: `${base}/${fullName(state, one)}.git`,
    })),
    workspaces: state.workspaces.map(({ slug, uuid, name }) => ({ slug, uuid, name })),
    tokens: state.tokens,
    deployKeys: state.deployKeys,
    hooks: state.hooks,
  };
}

/** The sample's application, which is the mirror itself. */
function oauthOverview({ oauth }: State, base: string) {
  const [consumer] = oauth.consumers;
  if (!consumer) return null;
  const { key, secret, callbackUrl, scopes } = consumer;
  return { url: `${base}/site/oauth2`, key, secret, callbackUrl, scopes };
}

const mirrorToken = (state: State): string | null =>
  state.tokens.find(
    (token) => token.kind === 'workspace' && token.name === SAMPLE.mirrorToken && token.revokedOn === null,
  )?.secret ?? null;

function userOverview(state: State, user: User, workspace: Workspace | undefined) {
  const token = state.tokens.find(
    (one) => one.kind === 'api' && one.ownerUuid === user.uuid && one.revokedOn === null,
  );
  return {
    username: user.username,
    email: user.email,
    apiToken: token?.secret ?? null,
    role: roleOf(state, user, workspace),
    uuid: user.uuid,
    accountId: user.accountId,
    displayName: user.displayName,
    sshKeys: state.sshKeys.filter((one) => one.ownerUuid === user.uuid),
  };
}

/** In the demo's words. */
function roleOf(
  state: State,
  user: User,
  workspace: Workspace | undefined,
): 'owner' | 'writer' | 'reader' | 'stranger' {
  const membership = workspace?.members[user.uuid];
  if (membership === undefined) return 'stranger';
  if (membership === 'owner') return 'owner';
  const grants = [...state.projects, ...state.repositories].map((one) => one.grants.users[user.uuid]);
  return grants.some((grant) => grant === 'write' || grant === 'admin') ? 'writer' : 'reader';
}

const resetBody = z.strictObject({ sample: z.boolean().default(true) });

/** Everything from the beginning: data, settings, faults, counters, deliveries. */
async function reset(call: ControlCall) {
  const { sample } = call.read(resetBody);
  const { store, disk, lfsDisk, faults, counters, limits, webhooks, pushLog } = call.sim;
  const gone = store.state.repositories;
  Object.assign(store.state, emptyState());
  faults.set(noFaults());
  counters.reset();
  limits.reset();
  webhooks.log.clear();
  pushLog.clear();
  await Promise.all(gone.flatMap((one) => [disk.remove(one), lfsDisk.remove(one)]));
  if (sample) await seedSample({ store, disk, lfsDisk });
  await store.save();
  return overview(call);
}

async function patchSettings({ sim, read }: ControlCall) {
  const { state } = sim.store;
  state.settings = withPatch(state.settings, read(settingsPatch));
  await sim.store.save();
  return state.settings;
}

export const STATE_ROUTES: readonly ControlRoute[] = [
  { method: 'GET', path: '/state', handle: overview },
  { method: 'POST', path: '/reset', handle: reset },
  { method: 'GET', path: '/settings', handle: ({ sim }) => sim.store.state.settings },
  { method: 'PATCH', path: '/settings', handle: patchSettings },
];
