import type { StatusReport } from '../commands/status.js';
import type { Repository } from '../mirror/shapes.js';
import { bar } from '../screen/bar.js';
import type { Paper } from '../screen/paper.js';
import type { ProgressRow } from '../screen/screen.js';
import { formatBytes, formatDuration } from '../screen/words.js';
import type { RateMeter } from './rate-meter.js';
import { phasesText, reportText } from './report-text.js';

export interface Watched {
  readonly report: StatusReport;
  readonly repositories: readonly Repository[];
  readonly rates: RateMeter;
  readonly now: number;
}

const MOST_BARS = 12;

/** What a terminal shows at one moment of `status --watch`. */
export function watchFrame(paper: Paper, watched: Watched): string {
  const { report, repositories, now } = watched;
  const bars = busy(repositories).slice(0, MOST_BARS);
  const more = busy(repositories).length - bars.length;
  return [
    reportText(paper, report, now),
    ...bars.map((repository) => bar(paper, rowOf(watched, repository))),
    ...(more > 0 ? [`  … and ${more} more`] : []),
    ...(bars.length > 0 ? [''] : []),
    summaryOf(watched) ?? '',
    paper.colours.dim('Ctrl-C ends this, and nothing else.'),
  ].join('\n');
}

/** "14: 13 ready, 1 cloning · 3.4 MB/s · longest lag 4s (acme/site)" */
export function summaryOf(watched: Watched): string | undefined {
  const { mirror, message, running } = watched.report;
  if (!running) return message ?? 'Nothing runs.';
  if (!mirror) return undefined;
  if (mirror.error !== null) return mirror.error.message;
  const rate = watched.rates.bytesPerSecond();
  return [
    `Repositories ${phasesText(mirror.repositories)}`,
    ...(rate >= 1 ? [`${formatBytes(Math.round(rate))}/s`] : []),
    ...longestLag(watched.repositories),
  ].join(' · ');
}

/** The bars of what moves or fails, for a screen. */
export const watchRows = (watched: Watched): ProgressRow[] =>
  busy(watched.repositories).map((repository) => rowOf(watched, repository));

const ORDER = ['failing', 'cloning', 'syncing'];

const busy = (repositories: readonly Repository[]): Repository[] =>
  repositories
    .filter(({ phase }) => ORDER.includes(phase))
    .sort((one, other) => ORDER.indexOf(one.phase) - ORDER.indexOf(other.phase));

function rowOf({ rates }: Watched, { id, path, phase, progress, error }: Repository): ProgressRow {
  if (error) return { label: path, percent: progress?.percent ?? 0, note: `${phase}: ${error.message}` };
  const rate = rates.bytesPerSecond(id);
  const note = [
    progress?.step ?? phase,
    ...(progress && progress.receivedBytes > 0 ? [formatBytes(progress.receivedBytes)] : []),
    ...(rate >= 1 ? [`${formatBytes(Math.round(rate))}/s`] : []),
  ].join(', ');
  return { label: path, percent: progress?.percent ?? 0, note };
}

function longestLag(repositories: readonly Repository[]): string[] {
  const behind = repositories.filter(({ lagSeconds }) => lagSeconds != null);
  const [worst] = behind.sort((one, other) => (other.lagSeconds ?? 0) - (one.lagSeconds ?? 0));
  if (!worst) return [];
  return [`longest lag ${formatDuration((worst.lagSeconds ?? 0) * 1000)} (${worst.path})`];
}
