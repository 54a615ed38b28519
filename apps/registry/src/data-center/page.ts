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

/** A page of a list as Bitbucket Data Center has them. */
export function pageOf<T>(all: readonly T[], query: unknown): Page<T> {
  const { start, limit: wanted } = validate(pageQuery, query);
  const limit = Math.min(wanted, MOST);
  const values = all.slice(start, start + limit);
  const isLastPage = start + limit >= all.length;
  return {
    values,
    size: values.length,
    limit,
    start,
    isLastPage,
    nextPageStart: isLastPage ? null : start + limit,
  };
}
