import { z } from 'zod';

/**
 * What the commands understand of the mirror's REST answers. A mirror may be older or newer than this command, so what
 * is not needed may be absent, and what is not known is passed on to `--json` as it came.
 */

const failure = z.object({ code: z.string(), message: z.string() });

/** A look through the whole repository, or a new clone, that somebody asked for. Absent where the mirror is older. */
const verification = z.looseObject({ state: z.string(), at: z.string(), message: z.string() }).nullish();

const stateFields = {
  phase: z.string(),
  progress: z.object({ step: z.string(), percent: z.number(), receivedBytes: z.number() }).nullish(),
  epoch: z.number(),
  confirmedAt: z.string().nullish(),
  lagSeconds: z.number().nullish(),
  error: failure.nullish(),
  sizeBytes: z.number(),
  receivedBytesTotal: z.number(),
  verification,
  verifiedAt: z.string().nullish(),
};

export const policyShape = z.looseObject({
  /** Null: as the mirror has it. */
  freshness: z.string().nullable(),
  lfsPrefetch: z.enum(['on', 'off']).nullable(),
});

export const repositoryShape = z.looseObject({
  id: z.string(),
  path: z.string(),
  name: z.string(),
  projectKey: z.string(),
  public: z.boolean(),
  ...stateFields,
  /** Large files; absent where the mirror is older. */
  lfs: z
    .looseObject({
      objects: z.number(),
      bytes: z.number(),
      missing: z.number(),
      error: failure.nullish(),
    })
    .nullish(),
  cloneUrls: z.looseObject({
    https: z.string().nullable(),
    ssh: z.string().nullish(),
    primary: z.looseObject({ ssh: z.string().nullish() }).nullish(),
  }),
  pushUrl: z.string(),
  nodes: z.array(z.looseObject({ node: z.string(), reportedAt: z.string(), ...stateFields })),
});

export const repositoriesShape = z.object({
  values: z.array(repositoryShape),
  next: z.string().nullish(),
  total: z.number(),
});

export const projectsShape = z.object({
  values: z.array(
    z.looseObject({
      ...{ key: z.string(), name: z.string(), private: z.boolean(), selected: z.boolean() },
      policy: policyShape.partial().nullish(),
    }),
  ),
});

export const selectionShape = z.discriminatedUnion('mode', [
  z.looseObject({ mode: z.literal('all') }),
  z.looseObject({ mode: z.literal('selected'), projectKeys: z.array(z.string()) }),
]);

/** What a change of the selection takes away; told by a dry run as well. */
const affected = z.looseObject({
  count: z.number(),
  sizeBytes: z.number(),
  repositories: z.array(z.looseObject({ id: z.string(), path: z.string(), sizeBytes: z.number() })),
});

export const chosenShape = z.looseObject({
  mode: z.enum(['all', 'selected']),
  projectKeys: z.array(z.string()).optional(),
  change: z.looseObject({ dryRun: z.boolean(), removes: affected }),
});

export const connectionShape = z.looseObject({
  state: z.string(),
  reason: z.string().nullish(),
  nextStep: z.string().nullish(),
  primary: z.looseObject({ kind: z.string(), name: z.string() }),
  workspace: z.string().nullable(),
  /** "settings": only they change it. */
  managedBy: z.string().nullish(),
  /** Of a connection that has ended. */
  keptData: z.looseObject({ workspace: z.string(), until: z.string() }).nullish(),
  checkedAt: z.string().nullish(),
  error: failure.nullish(),
  webhook: z.looseObject({
    state: z.string(),
    reason: z.string().nullish(),
    url: z.string().nullish(),
    lastDeliveryAt: z.string().nullish(),
  }),
});

export const statusShape = z.looseObject({
  selection: selectionShape,
  repositories: z.looseObject({ total: z.number(), byPhase: z.record(z.string(), z.number()) }),
  nodes: z.array(z.looseObject({ name: z.string(), seenAt: z.string() })),
  sweep: z.looseObject({ lastAt: z.string().nullable(), lastFullAt: z.string().nullable() }),
  removalSuspended: z
    .looseObject({ count: z.number(), since: z.string(), paths: z.array(z.string()) })
    .nullish(),
  checks: z.record(z.string(), z.string()),
});

/** An outgoing webhook. */
export const webhookShape = z.looseObject({
  id: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  active: z.boolean(),
});

export const webhooksShape = z.object({ values: z.array(webhookShape) });

export const pingShape = z.looseObject({
  delivered: z.boolean(),
  status: z.number().nullable(),
  error: z.string().nullable(),
});

/** Of the workspace, the one that answers first. */
export const mirrorsShape = z.object({
  values: z.array(
    z.looseObject({
      name: z.string(),
      region: z.string().nullable(),
      url: z.string().nullable(),
      sshUrl: z.string().nullable(),
      self: z.boolean(),
      state: z.string(),
      checkedAt: z.string().nullable(),
    }),
  ),
});

/** RFC 9457. */
export const problemShape = z.object({
  code: z.string().optional(),
  title: z.string().optional(),
  detail: z.string().optional(),
  problems: z.array(z.string()).optional(),
});

export type Repository = z.infer<typeof repositoryShape>;
export type Project = z.infer<typeof projectsShape>['values'][number];
export type Selection = z.infer<typeof selectionShape>;
export type Chosen = z.infer<typeof chosenShape>;
export type Connection = z.infer<typeof connectionShape>;
export type Policy = z.infer<typeof policyShape>;
export type Webhook = z.infer<typeof webhookShape>;
export type Ping = z.infer<typeof pingShape>;
export type KnownMirror = z.infer<typeof mirrorsShape>['values'][number];
export type MirrorStatus = z.infer<typeof statusShape>;
