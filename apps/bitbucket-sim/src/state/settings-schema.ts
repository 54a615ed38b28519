import { z } from 'zod';
import type { Settings } from './model.js';

const limit = z.int().min(0).nullable();

/** What `PATCH /_sim/settings` may change; absent members stay as they are. */
export const settingsPatch = z
  .strictObject({
    filter: z.boolean(),
    maxProtocolVersion: z.union([z.literal(0), z.literal(1), z.literal(2)]),
    missingStatus: z.union([z.literal(403), z.literal(404)]),
    readerReceivePackAdvertisement: z.union([z.literal(200), z.literal(403)]),
    badCredentialOnPublic: z.union([z.literal(200), z.literal(401)]),
    bearerOnGit: z.boolean(),
    fileSizeLimitBytes: z.int().min(0),
    repositorySizeLimitBytes: z.int().min(0),
    allowInternalHookUrls: z.boolean(),
    workspaceTokenMayManageHooks: z.boolean(),
    hookTimeoutMs: z.int().min(1),
    hookRetryDelaysMs: z.array(z.int().min(0)),
    hookPayloadLimitBytes: z.int().min(0),
    repositoryPaging: z.enum(['page', 'token', 'token-with-role']),
    sshLinkForm: z.enum(['scp', 'url']),
    conditionalRequestsCost: z.boolean(),
    oauthTokenLifetimeSeconds: z.int().min(0),
    oauthRefreshGraceMs: z.int().min(0),
    oauthCodeLifetimeSeconds: z.int().min(0),
    lfsLocking: z.union([z.literal('on'), z.literal(404), z.literal(501)]),
    lfsBatchLimit: z.int().min(1),
    lfsLinkLifetimeSeconds: z.int().min(0),
    lfsTokenLifetimeSeconds: z.int().min(0),
    limits: z
      .strictObject({ windowMs: z.int().min(60), repositories: limit, anonymous: limit, git: limit })
      .partial(),
  })
  .partial();

export function withPatch(settings: Settings, patch: z.output<typeof settingsPatch>): Settings {
  const { limits, ...plain } = patch;
  // zod tells absent members as undefined; those must not erase anything.
  const given = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined));
  const givenLimits = Object.fromEntries(
    Object.entries(limits ?? {}).filter(([, value]) => value !== undefined),
  );
  return { ...settings, ...given, limits: { ...settings.limits, ...givenLimits } };
}
