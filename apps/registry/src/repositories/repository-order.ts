import { AntipodeError } from '@antipode/errors';
import { Prisma } from '../generated/prisma/client.js';

/** By what a list can be ordered; with "-" the other way round. */
export const SORTS = ['path', '-path', 'size', '-size', 'updated', '-updated', 'lag', '-lag'] as const;

export type Sort = (typeof SORTS)[number];
type Key = 'path' | 'size' | 'updated' | 'lag';

/** What is compared, of a repository `r`, as text that PostgreSQL reads back. */
const KEYS: Record<Key, { readonly value: Prisma.Sql; readonly type: Prisma.Sql }> = {
  path: { value: Prisma.sql`r.path`, type: Prisma.sql`text` },
  /** The largest copy on a node. */
  size: {
    value: Prisma.sql`(SELECT coalesce(max(s.size_bytes), 0) FROM sync_state s WHERE s.repository_id = r.id)`,
    type: Prisma.sql`bigint`,
  },
  /** The primary's own word. */
  updated: { value: Prisma.sql`r.updated_on`, type: Prisma.sql`text` },
  /** Of the node that is furthest behind, in milliseconds before 1970: whoever never was in sync is last. */
  lag: {
    value: Prisma.sql`(SELECT -(coalesce(extract(epoch FROM min(s.confirmed_at)), 0) * 1000)::bigint
      FROM sync_state s WHERE s.repository_id = r.id)`,
    type: Prisma.sql`bigint`,
  },
};

export interface Order {
  readonly key: Prisma.Sql;
  readonly by: Prisma.Sql;
  /** What comes after the cursor's row. */
  after(cursor: string): Prisma.Sql;
  cursor(row: { readonly key: string; readonly id: string }): string;
}

/** An order in which no two repositories are equal, so that pages have no gaps and twins. */
export function orderOf(sort: Sort): Order {
  const { value, type } = KEYS[sort.replace('-', '') as Key];
  const isDown = sort.startsWith('-');
  const direction = isDown ? Prisma.sql`DESC` : Prisma.sql`ASC`;
  return {
    key: Prisma.sql`${value}::text`,
    by: Prisma.sql`${value} ${direction}, r.id ${direction}`,
    after: (cursor) => {
      const [key, id] = readCursor(sort, cursor);
      const sign = isDown ? Prisma.sql`<` : Prisma.sql`>`;
      return Prisma.sql`(${value}, r.id) ${sign} (${key}::text::${type}, ${id})`;
    },
    cursor: ({ key, id }) => Buffer.from(JSON.stringify([sort, key, id])).toString('base64url'),
  };
}

function readCursor(sort: Sort, cursor: string): [key: string, id: string] {
  try {
    const parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    const [of, key, id] = parts;
    // PostgreSQL's texts have no zeros.
    const isText = (part: unknown): part is string => typeof part === 'string' && !part.includes('\0');
    const isKey = isText(key) && (KEYS_OF_NUMBERS.test(sort) ? /^-?\d{1,18}$/.test(key) : true);
    if (of === sort && isKey && isText(id) && parts.length === 3) return [key, id];
  } catch {
    // Said below.
  }
  throw new AntipodeError(
    'invalid',
    'reading a cursor',
    {},
    { hint: 'cursor: use the `next` of the page before, with the same `sort`.' },
  );
}

const KEYS_OF_NUMBERS = /size|lag/;
