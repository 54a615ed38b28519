import type { Paper } from './paper.js';
import type { ProgressRow } from './screen.js';

const BAR_CELLS = 24;

/** One repository on its way, as a line with a bar. */
export function bar({ colours }: Pick<Paper, 'colours'>, { label, percent, note }: ProgressRow): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * BAR_CELLS);
  const cells = colours.cyan('█'.repeat(full)) + colours.dim('░'.repeat(BAR_CELLS - full));
  return `  ${label.padEnd(28)} ${cells} ${String(Math.round(percent)).padStart(3)} %  ${colours.dim(note)}`;
}
