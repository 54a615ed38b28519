import type { LfsObject } from '@antipode/lfs-wire';
import { Prisma } from '../generated/prisma/client.js';

/**
 * Objects as a table of one statement, however many they are: `… FROM ${rowsOf(objects)}` has the columns oid and size.
 *
 * Sorted, so that two who write the same rows wait for each other instead of deadlocking.
 */
export function rowsOf(objects: readonly LfsObject[]): Prisma.Sql {
  const rows = objects
    .map(({ oid, size }) => ({ oid, size }))
    .sort((a, b) => (a.oid < b.oid ? -1 : a.oid > b.oid ? 1 : a.size - b.size));
  return Prisma.sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS o(oid text, size bigint)`;
}

/** What the database counts as int8. Nothing here comes near 2^53. */
export const asNumber = (value: bigint | number | null | undefined): number => Number(value ?? 0);
