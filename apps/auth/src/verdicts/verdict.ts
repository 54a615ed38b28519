import { z } from 'zod';
import type { RepositoryPath, Right } from '@antipode/domain';

/** Who asks for what, without the credential itself. */
export interface VerdictKey {
  /** '' for an anonymous caller. */
  readonly principal: string;
  readonly path: RepositoryPath;
  readonly right: Right;
}

/** The primary's answer as it is remembered. Times are milliseconds since 1970. */
export const rememberedVerdict = z.object({
  kind: z.enum(['allowed', 'unauthenticated', 'not_found', 'denied']),
  /** The primary's own sentence, for `denied`. */
  message: z.string().optional(),
  /** The moment just before the primary was asked. */
  askedAt: z.number(),
  validUntil: z.number(),
});

export type RememberedVerdict = z.infer<typeof rememberedVerdict>;

/** A path holds no space and a right is a word, so no two questions share a name. */
export const nameOf = ({ principal, path, right }: VerdictKey): string => `${principal} ${right} ${path}`;
