import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { logOf } from '../house/logs.js';
import { FollowedFile } from '../logs/follow-file.js';
import { lineAsJson, linePrinter, readLogLine, timeOf, type LogLine } from '../logs/log-line.js';
import { readLastLines } from '../logs/read-last-lines.js';
import { DEFAULT_DATA } from '../mirror/find-mirror.js';
import type { Paper } from '../screen/paper.js';
import { stoppedShort } from '../stopped-short.js';

export interface LogsOptions {
  readonly data?: string;
  readonly follow?: true;
  readonly lines: number;
  readonly json?: true;
}

export interface LogsTools {
  readonly write: (text: string) => void;
  readonly paper: Paper;
  /** Ends `--follow`. */
  readonly stop: AbortSignal;
}

const LOOK_MS = 200;

/** `logs`: what the parts of a house wrote last, theirs all together by time, and with `--follow` what they write now. */
export async function logs(part: string | undefined, options: LogsOptions, tools: LogsTools): Promise<void> {
  const dataFolder = resolve(options.data ?? DEFAULT_DATA);
  const parts = await partsWithLogs(dataFolder, part);
  const print = options.json ? lineAsJson : linePrinter(tools.paper);
  const followed = new Map<string, FollowedFile>();
  const last: LogLine[] = [];
  for (const name of parts) {
    const { lines, end } = await readLastLines(logOf(dataFolder, name), options.lines);
    followed.set(name, new FollowedFile(logOf(dataFolder, name), end));
    last.push(...lines.map((text) => readLogLine(name, text)));
  }
  for (const line of inOrder(last).slice(-options.lines || last.length)) tools.write(print(line));
  if (options.follow) await follow({ dataFolder, part, followed, print }, tools);
}

interface Following {
  readonly dataFolder: string;
  readonly part: string | undefined;
  readonly followed: Map<string, FollowedFile>;
  readonly print: (line: LogLine) => string;
}

async function follow({ dataFolder, part, followed, print }: Following, tools: LogsTools): Promise<void> {
  while (!tools.stop.aborted) {
    // A part that starts later gets its log later.
    for (const name of await logNames(dataFolder)) {
      if (part !== undefined && name !== part) continue;
      if (!followed.has(name)) followed.set(name, new FollowedFile(logOf(dataFolder, name), 0));
    }
    const news: LogLine[] = [];
    for (const [name, file] of followed)
      news.push(...(await file.newLines()).map((text) => readLogLine(name, text)));
    for (const line of inOrder(news)) tools.write(print(line));
    await wait(LOOK_MS, undefined, { signal: tools.stop }).catch(() => undefined);
  }
}

async function partsWithLogs(dataFolder: string, part: string | undefined): Promise<string[]> {
  const names = await logNames(dataFolder);
  if (names.length === 0)
    throw stoppedShort(
      'not_found',
      `There are no logs in ${join(dataFolder, 'logs')}: no house has run there. Start one with \`antipode up\`, or name its folder with --data DIR.`,
    );
  if (part === undefined) return names;
  if (names.includes(part)) return [part];
  throw stoppedShort('not_found', `There is no log of "${part}". There are ${names.join(', ')}.`);
}

async function logNames(dataFolder: string): Promise<string[]> {
  const files = await readdir(join(dataFolder, 'logs')).catch(() => []);
  return files
    .filter((file) => file.endsWith('.log'))
    .map((file) => file.slice(0, -'.log'.length))
    .sort();
}

/** By time; a plain line stays behind the one that it came after. */
function inOrder(lines: readonly LogLine[]): LogLine[] {
  let latest = 0;
  let part: string | undefined;
  const timed = lines.map((line) => {
    if (line.part !== part) latest = 0;
    part = line.part;
    latest = timeOf(line) ?? latest;
    return { line, at: latest };
  });
  return timed.sort((one, other) => one.at - other.at).map(({ line }) => line);
}
