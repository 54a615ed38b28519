import { z } from 'zod';
import { CODES } from '@antipode/errors';
import { CONNECTION_PHASES } from '../connection/connection-phase.js';
import { SORTS } from '../repositories/repository-order.js';
import { VERIFICATION_STATES } from '../sync-states/sync-state.js';
import { selectionSchema } from './change-schemas.js';

/** The shapes of the REST API; the OpenAPI document and the tests are made from them. */

const moment = z.iso.datetime();

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(CODES),
  detail: z.string().optional(),
  problems: z.array(z.string()).optional(),
});

const failure = z.object({ code: z.string(), message: z.string() });

export const connectionSchema = z.object({
  state: z.enum(CONNECTION_PHASES),
  since: moment,
  /** Why it is not as it should be; in words for people. */
  reason: z.string().nullable(),
  /** What a person can do about it. */
  nextStep: z.string().nullable(),
  primary: z.object({ kind: z.string(), name: z.string() }),
  /** settings: only they change it. api: PUT and DELETE do. */
  managedBy: z.enum(['settings', 'api']).nullable(),
  workspace: z.string().nullable(),
  /** The linked account that the connection lives by; null where it has a token of its own. */
  account: z.object({ id: z.string(), displayName: z.string() }).nullable(),
  /** What the primary has granted to the credential, in its words; null where it has not said. */
  scopes: z.array(z.string()).nullable(),
  /** Scopes that it lacks, and what is without them; null: nothing works. */
  lacks: z.array(z.object({ scopes: z.array(z.string()), without: z.string().nullable() })),
  checkedAt: moment.nullable(),
  error: failure.nullable(),
  /** Of a connection that has ended: what is kept for the case that it is connected again. */
  keptData: z.object({ workspace: z.string(), until: moment }).nullable(),
  webhook: z.object({
    /**
     * active: the primary tells us of changes. polling: it does not, and the sweep finds them. disabled: the same,
     * because somebody has switched the webhook off at the primary.
     */
    state: z.enum(['active', 'polling', 'disabled']),
    reason: z.string().nullable(),
    url: z.string().nullable(),
    /** The last delivery within a day. */
    lastDeliveryAt: moment.nullable(),
  }),
});

const printable = (text: string): boolean => /^[\x21-\x7e]+$/.test(text);

const workspaceId = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, "the workspace's id, as in its URL");

export const connectAccountSchema = z.strictObject({ workspace: workspaceId });

export const connectSchema = z.strictObject({
  workspace: workspaceId,
  token: z.string().min(1).max(4096).refine(printable, 'one token, without spaces'),
  /** Of a person's API token; absent for a workspace access token. */
  email: z.email().max(320).optional(),
  username: z
    .string()
    .regex(/^[^:\s]{1,255}$/, 'a username, without colon or space')
    .optional(),
});

export const disconnectQuery = z.strictObject({
  /** true: the data is deleted at once, without the grace time. */
  now: z.enum(['true', 'false']).default('false'),
});

const projectKey = z.string().min(1).max(128);

export const PHASES = ['absent', 'cloning', 'ready', 'syncing', 'failing', 'removed'] as const;
const phase = z.enum(PHASES);

const progress = z.object({ step: z.string(), percent: z.int().min(0).max(100), receivedBytes: z.int() });

const stateFields = {
  phase,
  progress: progress.nullable(),
  epoch: z.int(),
  confirmedAt: moment.nullable(),
  /** Seconds since the mirror was last known to equal the primary. */
  lagSeconds: z.number().nullable(),
  error: failure.nullable(),
  sizeBytes: z.int(),
  receivedBytesTotal: z.int(),
  /** When it was last found whole by a verification, or made so; null where it never was on some node. */
  verifiedAt: moment.nullable(),
  /** The last verification, or clone made anew, that somebody asked for; of several nodes' the most worrying. */
  verification: z.object({ state: z.enum(VERIFICATION_STATES), at: moment, message: z.string() }).nullable(),
};

/** Large files that belong to the repository and are here, and those that its commits point to and that are not. */
const lfs = z.object({
  objects: z.int(),
  bytes: z.int(),
  missing: z.int(),
  missingBytes: z.int(),
  /** Why the latest of the missing ones could not be had. */
  error: failure.nullable(),
});

export const repositorySchema = z.object({
  id: z.string(),
  path: z.string(),
  name: z.string(),
  projectKey: z.string(),
  public: z.boolean(),
  ...stateFields,
  /** Of the node that misses most. */
  lfs,
  cloneUrls: z.object({
    https: z.string().nullable(),
    ssh: z.string().nullable(),
    primary: z.object({ https: z.string(), ssh: z.string().nullable() }),
  }),
  /** For `git remote set-url --push`: straight to the primary. */
  pushUrl: z.string(),
  /** For administrators; empty for all others. */
  nodes: z.array(z.object({ node: z.string(), reportedAt: moment, ...stateFields, lfs })),
});

export const repositoriesQuery = z.strictObject({
  project: projectKey.optional(),
  phase: phase.optional(),
  q: z.string().min(1).max(256).optional(),
  sort: z.enum(SORTS).default('path'),
  cursor: z.string().min(1).max(512).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const repositoriesSchema = z.object({
  values: z.array(repositorySchema),
  next: z.string().nullable(),
  total: z.int(),
});

export const acceptedSchema = z.object({ accepted: z.literal(true) });

/** What administrators see. */
export const statusSchema = z.object({
  connection: connectionSchema.pick({ state: true, reason: true, nextStep: true, error: true }),
  selection: selectionSchema,
  repositories: z.object({ total: z.int(), byPhase: z.record(phase, z.int()) }),
  nodes: z.array(z.object({ name: z.string(), seenAt: moment })),
  sweep: z.object({ lastAt: moment.nullable(), lastFullAt: moment.nullable() }),
  /** Removals that wait for an admin's word, because they are too many to be believed. */
  removalSuspended: z.object({ count: z.int(), since: moment, paths: z.array(z.string()) }).nullable(),
  checks: z.object({ database: z.enum(['ok', 'away']), redis: z.enum(['ok', 'away']) }),
});

/** What all others see: whether it is connected, and how many of the repositories that they may see are how. */
export const publicStatusSchema = z.object({
  connection: z.object({ state: z.enum(CONNECTION_PHASES) }),
  repositories: statusSchema.shape.repositories,
});

export const confirmRemovalsSchema = z.strictObject({ count: z.int().min(1) });
