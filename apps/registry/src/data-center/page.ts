import { z } from 'zod';
import { validate } from '../rest/validate.js';

const MOST = 1000;
const USUAL = 25;

const pageQuery = z.object({
  start: z.coerce.number().int().min(0).max(1_000_000_000).catch(0),
  // Data Center takes what it can have where somebody asks for more.
  limit: z.coerce.number().int().min(1).max(1_000_000_000).catch(USUAL),
});

export interface Page<T> {
  readonly values: readonly T[];
  readonly size: number;
  readonly limit: number;
  readonly start: number;
  readonly isLastPage: boolean;
  readonly nextPageStart: number | null;
}

/** Which part of a list is asked for. */
export function readPage(query: unknown): { readonly start: number; readonly limit: number } {
  const { start, limit } = validate(pageQuery, query);
  return { start, limit: Math.min(limit, MOST) };
}

/** A page of a list as Bitbucket Data Center has them. */
export function pageOf<T>(all: readonly T[], query: unknown): Page<T> {
  const { start, limit } = readPage(query);
  return writePage(all.slice(start, start + limit + 1), { start, limit });
}

/** @param found what is there from `start` on, and one more than `limit` where there is more. */
export function writePage<T>(
  found: readonly T[],
  { start, limit }: { start: number; limit: number },
): Page<T> {
  const values = found.slice(0, limit);
  const isLastPage = found.length <= limit;
  const nextPageStart = isLastPage ? null : start + limit;
  return { values, size: values.length, limit, start, isLastPage, nextPageStart };
}
