import { resolve } from 'node:path';
import { isAntipodeError } from '@antipode/errors';
import type { MirrorSettings } from '../config.js';
import { DEFAULT_DATA, findMirror, type Mirror, type MirrorOptions } from '../mirror/find-mirror.js';
import { MirrorClient } from '../mirror/mirror-client.js';
import type { Connection, MirrorStatus } from '../mirror/shapes.js';
import type { Answer } from '../screen/answer.js';
import { readParts, type PartStatus } from '../status/read-parts.js';
import { BROKEN, reportText } from '../status/report-text.js';
import { EXIT, exitOf, sentenceOf } from '../stopped-short.js';

/** What `status --json` prints. */
export interface StatusReport {
  /** False where there is nothing to tell of; then `message` says what to do. */
  readonly running: boolean;
  readonly message: string | null;
  /** The house's folder; null for a mirror elsewhere. */
  readonly data: string | null;
  /** The processes of a house on this machine. */
  readonly parts: readonly PartStatus[];
  readonly mirror: MirrorView | null;
}

/** The mirror by its own word; `error` where it could not be asked. */
export type MirrorView = { readonly url: string } & (
  | { readonly error: { readonly code: string; readonly message: string } }
  | ({ readonly error: null; readonly connection: Connection } & MirrorStatus)
);

/** `status`: the parts of a house of this machine, and the mirror by its own word. */
export async function status(options: MirrorOptions, settings: MirrorSettings): Promise<Answer> {
  const { report, exit } = await readStatus(options, settings);
  return { json: report, text: (paper) => reportText(paper, report, Date.now()), exit };
}

export interface ReadStatus {
  readonly report: StatusReport;
  /** All well, something not, or nothing there. */
  readonly exit: number;
  /** Present where the mirror answers. */
  readonly client?: MirrorClient;
}

export async function readStatus(options: MirrorOptions, settings: MirrorSettings): Promise<ReadStatus> {
  const found = await findMirror(options, settings).catch((error: unknown) => {
    // Nothing runs: that is an answer here, and a house that is still starting has parts but no door yet.
    if (isAntipodeError(error) && error.code === 'service_unavailable') return sentenceOf(error);
    throw error;
  });
  const mirror = typeof found === 'string' ? undefined : found;
  const data = mirror ? (mirror.house?.dataFolder ?? null) : resolve(options.data ?? DEFAULT_DATA);
  const parts = data === null ? undefined : await readParts(data);
  if (mirror) return withMirror(new MirrorClient(mirror), data, parts ?? []);
  const report = { data, parts: parts ?? [], mirror: null };
  if (parts) return withExit({ ...report, running: true, message: null });
  const message = typeof found === 'string' ? found : null;
  return { report: { ...report, running: false, message }, exit: EXIT.notRunning };
}

async function withMirror(
  client: MirrorClient,
  data: string | null,
  parts: readonly PartStatus[],
): Promise<ReadStatus> {
  const { view, exit } = await askMirror(client);
  const read = withExit({ running: true, message: null, data, parts, mirror: view });
  return exit === EXIT.ok ? { ...read, client } : { ...read, exit };
}

const withExit = (report: StatusReport): ReadStatus => ({
  report,
  exit: isWell(report) ? EXIT.ok : EXIT.failed,
});

async function askMirror(client: MirrorClient): Promise<{ view: MirrorView; exit: number }> {
  const { url }: Mirror = client.mirror;
  try {
    const [connection, mirror] = await Promise.all([client.connection(), client.status()]);
    return { view: { url, error: null, ...mirror, connection }, exit: EXIT.ok };
  } catch (error) {
    const code = isAntipodeError(error) ? error.code : 'internal';
    return { view: { url, error: { code, message: sentenceOf(error) } }, exit: exitOf(error) };
  }
}

/** Nothing that a person must look after. A failing repository is its own affair, and is counted as such. */
function isWell({ parts, mirror }: StatusReport): boolean {
  if (!parts.every(({ state }) => state === 'ready')) return false;
  if (!mirror || mirror.error) return !mirror;
  const { connection, checks, removalSuspended } = mirror;
  return (
    !BROKEN.has(connection.state) &&
    removalSuspended == null &&
    Object.values(checks).every((check) => check === 'ok')
  );
}
