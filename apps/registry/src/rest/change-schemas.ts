import { z } from 'zod';
import { parseFreshness } from '@antipode/domain';

/** The shapes of what admins change, and of the log of it. */

const moment = z.iso.datetime();
const projectKey = z.string().min(1).max(128);

export const PUBLIC_POLICIES = ['include', 'exclude'] as const;
const publicPolicy = z.enum(PUBLIC_POLICIES);

export const selectionSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('all'), publicRepositories: publicPolicy }),
  z.strictObject({
    mode: z.literal('selected'),
    projectKeys: z.array(projectKey),
    publicRepositories: publicPolicy,
  }),
]);

const choice = {
  /** Absent: as it is. */
  publicRepositories: publicPolicy.optional(),
  /** From all projects back to some: only on this explicit word. */
  allowNarrowing: z.boolean().default(false),
  /** Nothing is changed; the answer tells what would be. */
  dryRun: z.boolean().default(false),
};

export const chooseSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('all'), ...choice }),
  z.strictObject({ mode: z.literal('selected'), projectKeys: z.array(projectKey).max(10_000), ...choice }),
]);

const affected = z.object({
  projectKeys: z.array(z.string()),
  count: z.int(),
  /** As the primary counts. */
  sizeBytes: z.int(),
  repositories: z.array(
    z.object({
      id: z.string(),
      path: z.string(),
      projectKey: z.string(),
      public: z.boolean(),
      sizeBytes: z.int(),
    }),
  ),
  /** False where more are meant than are listed here. */
  complete: z.boolean(),
});

export const chosenSchema = z.object({
  mode: z.enum(['all', 'selected']),
  projectKeys: z.array(z.string()).optional(),
  publicRepositories: publicPolicy,
  change: z.object({
    dryRun: z.boolean(),
    narrowing: z.boolean(),
    removes: affected,
    /** Repositories are only listed by a dry run, which asks the primary; otherwise discovery finds them. */
    adds: affected,
  }),
});

const policy = {
  /** strict, bounded:<seconds> or event; null: the mirror's default. */
  freshness: z
    .string()
    .refine((text) => parseFreshness(text) !== undefined, 'strict, bounded:<seconds> or event')
    .nullable(),
  /** off: large files are brought when somebody asks for them; null: the mirror's default, on. */
  lfsPrefetch: z.enum(['on', 'off']).nullable(),
};

export const policySchema = z.strictObject(policy);

/** What is not named stays as it is. */
export const policyChangeSchema = policySchema.partial();

export const projectsSchema = z.object({
  values: z.array(
    z.object({
      key: z.string(),
      id: z.string(),
      name: z.string(),
      private: z.boolean(),
      selected: z.boolean(),
      policy: z.object(policy),
    }),
  ),
});

export const publicRepositoriesSchema = z.object({
  policy: publicPolicy,
  values: z.array(
    z.object({
      id: z.string(),
      path: z.string(),
      projectKey: z.string(),
      sizeBytes: z.int(),
      /** True: anybody may clone it here, and so learns of this mirror. */
      mirrored: z.boolean(),
    }),
  ),
  complete: z.boolean(),
});

export const auditQuery = z.strictObject({
  cursor: z
    .string()
    .regex(/^\d{1,18}$/, 'use the `next` of the page before')
    .optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

const told = z.record(z.string(), z.unknown()).nullable();

export const auditSchema = z.object({
  values: z.array(
    z.object({
      id: z.string(),
      at: moment,
      actor: z.string(),
      address: z.string().nullable(),
      action: z.string(),
      subject: z.string().nullable(),
      before: told,
      after: told,
    }),
  ),
  next: z.string().nullable(),
});
