import { badRequest } from './rest-error.js';
import { fieldsOf, type Expression } from './bbql/expression.js';
import { asText, matches, valuesAt, type Ranks } from './bbql/evaluate.js';
import { parseBbql } from './bbql/parse.js';
import { BbqlSyntaxError } from './bbql/tokenize.js';
import type { Answer, Call } from './rest-route.js';
import { ok } from './rest-route.js';
import type { Json } from './shapes/links.js';

export interface Listing {
  /** Rendered objects in their default order. */
  readonly items: readonly Json[];
  readonly pagelen?: number;
  readonly maxPagelen?: number;
  /** `page`: numbered, with size; `token`: an opaque cursor and nothing else. */
  readonly style?: 'page' | 'token';
  /** Dotted fields that `q` may ask about; without it the endpoint does not filter. */
  readonly filter?: readonly string[];
  /** Dotted fields to sort by; `'any'` of the object's own. */
  readonly sort?: readonly string[];
  /** Comparators other than by plain value, by field. */
  readonly compare?: Readonly<Record<string, (a: unknown, b: unknown) => number>>;
  /** Fields whose words are ordered, weakest first: `permission>"read"`. */
  readonly ranks?: Ranks;
}

/** Filters, sorts and pages a list as the caller's `q`, `sort`, `pagelen` and `page` or `after` say. */
export function listAnswer(call: Call, listing: Listing): Answer {
  const kept = filterItems(listing, call.query.get('q'));
  const { sorted, field } = sortItems(listing, kept, call.query.get('sort'));
  const pagelen = readPagelen(call.query, listing.pagelen ?? 10, listing.maxPagelen ?? 100);
  return ok(
    listing.style === 'token' ? tokenPage(call, sorted, pagelen, field) : numberedPage(call, sorted, pagelen),
  );
}

export function readPagelen(query: URLSearchParams, fallback: number, max: number): number {
  const text = query.get('pagelen');
  if (text === null) return fallback;
  const pagelen = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (pagelen < 1 || pagelen > max) throw badRequest('Invalid pagelen');
  return pagelen;
}

function filterItems({ items, filter, ranks }: Listing, q: string | null): readonly Json[] {
  if (q === null || q.trim() === '') return items;
  if (!filter) throw badRequest('This endpoint does not support filtering.');
  const expression = parseQuery(q);
  const odd = fieldsOf(expression).find((field) => !filter.includes(field));
  if (odd !== undefined)
    throw badRequest(`Invalid field name: the field "${odd}" does not support filtering.`);
  return items.filter((item) => matches(expression, item, ranks));
}

export function parseQuery(q: string): Expression {
  try {
    return parseBbql(q);
  } catch (error) {
    if (error instanceof BbqlSyntaxError) throw badRequest(`Invalid query: ${error.message}`);
    throw error;
  }
}

function sortItems(
  listing: Listing,
  items: readonly Json[],
  sort: string | null,
): { sorted: readonly Json[]; field?: string } {
  if (!sort || !listing.sort) return { sorted: items };
  const descending = sort.startsWith('-');
  const field = sort.replace(/^-/, '');
  if (!listing.sort.includes(field)) throw badRequest(`Invalid sort field: "${field}"`);
  const compare = listing.compare?.[field] ?? byRank(listing.ranks?.[field]) ?? byValue;
  const keyed = items.map((item) => ({ item, key: valuesAt(item, field)[0] }));
  keyed.sort((a, b) => (descending ? compare(b.key, a.key) : compare(a.key, b.key)));
  return { sorted: keyed.map(({ item }) => item), field };
}

function byRank(words: readonly string[] | undefined): ((a: unknown, b: unknown) => number) | undefined {
  return words && ((a, b) => words.indexOf(String(a)) - words.indexOf(String(b)));
}

function byValue(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [asText(a), asText(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function numberedPage(call: Call, items: readonly Json[], pagelen: number): Json {
  const text = call.query.get('page') ?? '1';
  const page = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (page < 1) throw badRequest('Invalid page');
  const start = (page - 1) * pagelen;
  const values = items.slice(start, start + pagelen);
  return {
    values,
    pagelen,
    size: items.length,
    page,
    ...(start + pagelen < items.length ? { next: pageLink(call, { page: String(page + 1) }) } : {}),
    ...(page > 1 ? { previous: pageLink(call, { page: String(page - 1) }) } : {}),
  };
}

/** The cursor holds the position and, to survive changes between two pages, the last object's uuid and sort value. */
function tokenPage(call: Call, items: readonly Json[], pagelen: number, field: string | undefined): Json {
  const start = startOf(items, call.query.get('after'), field);
  const values = items.slice(start, start + pagelen);
  const last = values.at(-1);
  const more = last !== undefined && start + pagelen < items.length;
  const cursor = more
    ? writeCursor({ at: start + pagelen, uuid: last['uuid'], key: keyOf(last, field) })
    : '';
  return { values, pagelen, ...(more ? { next: pageLink(call, { after: cursor }) } : {}) };
}

interface Cursor {
  readonly at: number;
  readonly uuid: unknown;
  readonly key: unknown;
}

const keyOf = (item: Json, field: string | undefined): unknown => (field ? valuesAt(item, field)[0] : null);
const writeCursor = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString('base64url');

function startOf(items: readonly Json[], after: string | null, field: string | undefined): number {
  if (after === null) return 0;
  const cursor = readCursor(after);
  const index = items.findIndex((item) => item['uuid'] === cursor.uuid);
  const last = items[index];
  const stayed = last !== undefined && keyOf(last, field) === cursor.key;
  return stayed ? index + 1 : cursor.at;
}

function readCursor(text: string): Cursor {
  try {
    const cursor = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Cursor;
    if (Number.isSafeInteger(cursor.at) && cursor.at >= 0) return cursor;
  } catch {
    // Falls through: a made-up cursor.
  }
  throw badRequest('Invalid page');
}

/** The caller's own parameters with the page's position replaced. */
export function pageLink(
  call: Pick<Call, 'query' | 'rawPath' | 'urls'>,
  position: Readonly<Record<string, string>>,
): string {
  const query = new URLSearchParams(call.query);
  for (const name of ['page', 'after', 'ctx']) query.delete(name);
  for (const [name, value] of Object.entries(position)) query.set(name, value);
  return `${call.urls.base}${call.rawPath}?${query.toString()}`;
}
