import type { Writable } from 'node:stream';
import { Screen, type ProgressRow } from './screen.js';

/** For logs, pipes and CI: one line per change, nothing moves. */
export function plainScreen(out: Writable): Screen {
  const reported = new Map<string, number>();
  return new Screen((event) => {
    switch (event.kind) {
      case 'say':
      case 'confide':
        out.write(`${event.text}\n`);
        break;
      case 'part':
        if (event.state === 'ready') out.write(`  ready    ${event.name.padEnd(14)} ${event.title}\n`);
        if (event.state === 'stopped') out.write(`  stopped  ${event.name}\n`);
        break;
      case 'progress':
        for (const row of event.rows) if (isNews(reported, row)) out.write(`  ${lineOf(row)}\n`);
        break;
      case 'settle':
        reported.clear();
        break;
      case 'ready':
        break;
    }
  });
}

/** The first time, a quarter more than last time, or the end. */
function isNews(reported: Map<string, number>, { label, percent }: ProgressRow): boolean {
  const before = reported.get(label);
  if (before !== undefined && (percent === before || (percent < 100 && percent < before + 25))) return false;
  reported.set(label, percent);
  return true;
}

const lineOf = ({ label, percent, note }: ProgressRow): string =>
  `${String(Math.round(percent)).padStart(3)} %  ${label}  ${note}`;
