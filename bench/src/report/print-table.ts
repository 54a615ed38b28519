import type { Row } from '../rows/row.js';
import { lineOf, linesOf, type Line } from './cells.js';
import type { Results } from './results.js';

const COLUMNS: readonly (readonly [keyof Line, string])[] = [
  ['what', 'What'],
  ['baseline', 'Baseline'],
  ['mirror', 'Antipode'],
  ['ratio', 'Ratio'],
  ['aim', 'Aim'],
  ['met', ''],
];

/** The table for a terminal. */
export const plainTable = (results: Results): string => drawn(linesOf(results));

/** Some rows alone. */
export const tableOf = (rows: readonly Row[]): string => drawn(rows.map(lineOf));

function drawn(lines: readonly Line[]): string {
  const widths = COLUMNS.map(([key, title]) =>
    Math.max(title.length, ...lines.map((line) => line[key].length)),
  );
  const draw = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const head = draw(COLUMNS.map(([, title]) => title));
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [head, rule, ...lines.map((line) => draw(COLUMNS.map(([key]) => line[key])))].join('\n');
}

/** The same for RESULTS.md. */
export const markdownTable = (results: Results): string => written(linesOf(results));

/** Some rows alone, for a page. */
export const markdownTableOf = (rows: readonly Row[]): string => written(rows.map(lineOf));

function written(lines: readonly Line[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    row(COLUMNS.map(([, title]) => title)),
    row(COLUMNS.map(([key]) => (key === 'what' ? '---' : '---:'))),
    ...lines.map((line) =>
      row(COLUMNS.map(([key]) => (line[key] === 'not met' ? '**not met**' : line[key]))),
    ),
  ].join('\n');
}
