import type { z } from 'zod';
import type { Knocker } from '../access/principal.js';
import { Refused } from '../git/refused.js';
import type { Simulator } from '../simulator.js';
import type { Repository } from '../state/model.js';

/** One admitted request to the LFS API. */
export interface LfsCall {
  readonly sim: Simulator;
  readonly repository: Repository;
  readonly who: Knocker;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** Host name by which the client has reached this machine; the media host has the same. */
  readonly hostname: string;
}

export interface LfsAnswer {
  readonly status: number;
  readonly json: unknown;
}

/** @throws Refused (422), naming what is wrong */
export function read<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0] ?? { path: [], message: 'invalid' };
  throw new Refused(422, `${path.join('.') || 'body'}: ${message}`);
}
