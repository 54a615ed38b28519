import { Prisma } from '../generated/prisma/client.js';
import type { Sight } from '../people/viewer.js';

/** The condition that a repository `r` may be known to somebody. What is no longer mirrored, only administrators see. */
export const visibleTo = (sight: Sight): Prisma.Sql =>
  sight.all
    ? Prisma.sql`TRUE`
    : Prisma.sql`(r.removed_at IS NULL AND (r.id = ANY (${[...sight.ids]}::text[])
        -- One that has just become public leaves with the next sweep where public ones are excluded.
        OR r.public AND EXISTS (SELECT 1 FROM selection s WHERE s.public_repositories = 'include')))`;
