import type { z } from 'zod';
import type { Route } from '../http/route-table.js';
import type { Simulator } from '../simulator.js';

export class ControlError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface ControlCall {
  readonly sim: Simulator;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly base: string;
  readonly raw: Buffer;
  /** The JSON body, checked; throws a ControlError(400) that names what is wrong. */
  read<S extends z.ZodType>(schema: S): z.output<S>;
}

export interface ControlRoute extends Route {
  /** The answer's JSON; undefined answers 204. */
  readonly handle: (call: ControlCall) => unknown;
}
