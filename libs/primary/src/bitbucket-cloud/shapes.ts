import { z } from 'zod';
import { isRepositoryId } from '@antipode/domain';

/*
 * What we read of Bitbucket's answers. Unknown keys pass, unknown values of enums pass; but what a repository *is*
 * (its UUID and its name) must be there: a list that loses an item in silence would look like a deletion.
 */

/** "{0F1E…}" as our id. */
const uuid = z
  .string()
  .transform((text) => text.replace(/^\{|\}$/g, '').toLowerCase())
  .refine(isRepositoryId, 'not a UUID');

/** The workspace that something belongs to. */
export const ownerShape = z.object({ uuid });

export const projectShape = z.object({
  uuid,
  key: z.string().min(1),
  name: z.string().nullish(),
  is_private: z.boolean().nullish(),
});

export const repositoryShape = z.object({
  uuid,
  full_name: z.string().min(1),
  name: z.string().nullish(),
  scm: z.string().nullish(),
  is_private: z.boolean().nullish(),
  size: z.number().nullish(),
  updated_on: z.string().nullish(),
  project: z.object({ key: z.string().nullish() }).nullish(),
  mainbranch: z.object({ name: z.string().nullish() }).nullish(),
});

export const hookShape = z.object({
  uuid: z.string().min(1),
  url: z.string().nullish(),
  active: z.boolean().nullish(),
});

export const accountShape = z.object({
  uuid,
  display_name: z.string().nullish(),
  nickname: z.string().nullish(),
});

export const accessShape = z.object({
  administrator: z.boolean().nullish(),
  workspace: z.object({ slug: z.string() }),
});

/** The specification knows no `permission` here, its own examples do. */
export const membershipShape = z.object({ permission: z.string().nullish() });

export const readableShape = z.object({ repository: z.object({ uuid }) });

export const sshKeyShape = z.object({
  key: z.string(),
  expires_on: z.string().nullish(),
});

export const deployKeyShape = z.object({
  id: z.union([z.number(), z.string()]),
  key: z.string(),
  label: z.string().nullish(),
});

/** What every webhook body may carry; bitbucket-cloud's other keys are not ours to read. */
export const deliveryShape = z.object({
  repository: z.object({ uuid }).optional(),
});

export type ProjectShape = z.infer<typeof projectShape>;
export type RepositoryShape = z.infer<typeof repositoryShape>;
export type HookShape = z.infer<typeof hookShape>;
