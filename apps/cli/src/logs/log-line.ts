import { prettyFactory } from 'pino-pretty';
import type { Paper } from '../screen/paper.js';
import { printable } from '../screen/printable.js';

export interface LogLine {
  /** Whose log it is in: "edge", "postgres". */
  readonly part: string;
  readonly text: string;
  /** What a service of ours wrote; PostgreSQL, Redis and crashes write plain text. */
  readonly entry: Readonly<Record<string, unknown>> | undefined;
}

export function readLogLine(part: string, text: string): LogLine {
  return { part, text, entry: entryOf(text) };
}

function entryOf(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** How a plain line begins: PostgreSQL's, Redis's, and the supervisor's own. */
const PLAIN_TIMES = [
  /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? UTC) /,
  /^\d+:[A-Z] (\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d+) /,
  /^(\d{4}-\d\d-\d\dT[\d:.]+Z) /,
];

/** When it was written, in milliseconds; undefined where the line does not say. */
export function timeOf({ entry, text }: LogLine): number | undefined {
  const time = entry
    ? entry['time']
    : PLAIN_TIMES.map((pattern) => pattern.exec(text)?.[1]).find((found) => found !== undefined);
  if (typeof time === 'number') return time;
  const parsed = typeof time === 'string' ? Date.parse(time) : NaN;
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** One JSON object, with its part: a plain line as its `msg`. */
export const lineAsJson = ({ part, text, entry }: LogLine): string =>
  `${JSON.stringify({ part, ...(entry ?? { msg: text }) })}\n`;

/** How lines look to a person. */
export function linePrinter({ colours }: Paper): (line: LogLine) => string {
  const pretty = prettyFactory({
    colorize: colours.isColorSupported,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname,service,node,trace_id,span_id,name',
    singleLine: true,
  });
  return ({ part, text, entry }) => {
    const shown = entry ? pretty(harmless(entry)).trimEnd() : printable(text);
    return `${colours.dim(part.padEnd(13))} ${shown}\n`;
  };
}

/** JSON keeps control characters apart from the terminal, and the pretty printer would let them out. */
function harmless(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(harmless);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [printable(key), harmless(inner)]));
}
