import { setTimeout as wait } from 'node:timers/promises';
import { createLogUpdate } from 'log-update';
import { readStatus, type StatusReport } from '../commands/status.js';
import type { MirrorSettings } from '../config.js';
import type { MirrorOptions } from '../mirror/find-mirror.js';
import type { MirrorClient } from '../mirror/mirror-client.js';
import type { Repository } from '../mirror/shapes.js';
import { paperOf } from '../screen/paper.js';
import { plainScreen } from '../screen/plain-screen.js';
import { RateMeter } from './rate-meter.js';
import { summaryOf, watchFrame, watchRows, type Watched } from './watch-frame.js';

export interface WatchOptions extends MirrorOptions {
  readonly json?: true;
  /** Seconds between two looks. */
  readonly interval: number;
}

/** Of more repositories than this only those are looked at that move or fail: the rest would be many requests a second. */
const ALL_LOOKED_AT = 1000;
const MOVING = ['cloning', 'syncing', 'failing'];

/** `status --watch`: shows how things are until `stop` aborts. @returns the exit code of the last look */
export async function watchStatus(
  options: WatchOptions,
  settings: MirrorSettings,
  tools: { out: NodeJS.WriteStream; stop: AbortSignal },
): Promise<number> {
  const show = options.json ? jsonLines(tools.out) : tools.out.isTTY ? moving(tools.out) : changes(tools.out);
  const rates = new RateMeter();
  let last = 0;
  while (!tools.stop.aborted) {
    const { report, exit, client } = await readStatus(options, settings);
    const repositories = client ? await lookAt(client) : undefined;
    const now = Date.now();
    if (repositories) rates.note(repositories, now);
    show.look({ report, repositories: repositories ?? [], rates, now });
    last = exit;
    await wait(options.interval * 1000, undefined, { signal: tools.stop }).catch(() => undefined);
  }
  show.end();
  return last;
}

/** @returns undefined where the mirror went away between two questions: the next look says so */
async function lookAt(client: MirrorClient): Promise<Repository[] | undefined> {
  try {
    const { values, total } = await client.repositories({}, ALL_LOOKED_AT);
    if (total <= ALL_LOOKED_AT) return values;
    const pages = await Promise.all(MOVING.map((phase) => client.repositories({ phase }, 100)));
    return pages.flatMap((page) => page.values);
  } catch {
    return undefined;
  }
}

interface Show {
  look(watched: Watched): void;
  end(): void;
}

/** For a terminal: one picture that is drawn anew. */
function moving(out: NodeJS.WriteStream): Show {
  const update = createLogUpdate(out);
  return {
    look: (watched) => update(watchFrame(paperOf(out), watched)),
    end: () => update.done(),
  };
}

/** For a log: one line where something has changed. */
function changes(out: NodeJS.WriteStream): Show {
  const screen = plainScreen(out);
  let said: string | undefined;
  return {
    look: (watched) => {
      const key = stateOf(watched.report);
      if (key !== said) screen.say(summaryOf(watched) ?? partsSummary(watched.report));
      said = key;
      screen.progress(watchRows(watched));
    },
    end: () => undefined,
  };
}

/** What makes a new line worth its place: not a rate, not a lag. */
const stateOf = ({ running, message, parts, mirror }: StatusReport): string =>
  JSON.stringify([
    running,
    message,
    parts.map(({ name, state }) => [name, state]),
    mirror && (mirror.error ?? [mirror.connection.state, mirror.repositories.byPhase, mirror.checks]),
  ]);

const partsSummary = ({ parts }: StatusReport): string =>
  parts.map(({ name, state }) => `${name}: ${state}`).join(', ');

/** For programs: one object per look. */
const jsonLines = (out: NodeJS.WriteStream): Show => ({
  look: ({ report, repositories, rates, now }) =>
    void out.write(
      `${JSON.stringify({
        at: new Date(now).toISOString(),
        ...report,
        bytesPerSecond: Math.round(rates.bytesPerSecond()),
        repositories: repositories.map(({ id, path, phase, progress, lagSeconds, error }) => ({
          ...{ id, path, phase, progress: progress ?? null, lagSeconds: lagSeconds ?? null },
          ...{ error: error ?? null, bytesPerSecond: Math.round(rates.bytesPerSecond(id)) },
        })),
      })}\n`,
    ),
  end: () => undefined,
});
