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

/** The sum of a column, as far as numbers go: pointers may claim any size, and a sum that cannot be told tells nothing. */
export const sumOf = (column: 'size' | 's.size'): Prisma.Sql =>
  Prisma.raw(`least(coalesce(sum(${column}), 0), ${Number.MAX_SAFE_INTEGER})::bigint`);

/** What the database counts as int8; `sumOf` keeps it below 2^53. */
export const asNumber = (value: bigint | number | null | undefined): number => Number(value ?? 0);
