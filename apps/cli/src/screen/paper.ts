import Table from 'cli-table3';
import pc from 'picocolors';
import stringWidth from 'string-width';

type Colours = ReturnType<typeof pc.createColors>;

/** What a command writes on: how wide it is, and whether it can show colours. Without a terminal it is endless and plain. */
export interface Paper {
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly colours: Colours;
}

/** The paper that a stream is. */
export const paperOf = (out: NodeJS.WriteStream): Paper => ({
  isTerminal: out.isTTY === true,
  columns: out.isTTY ? out.columns || 80 : Infinity,
  // NO_COLOR, FORCE_COLOR and TERM=dumb are picocolors' business; a file gets no colours whatever they say.
  colours: pc.createColors(out.isTTY === true && pc.isColorSupported),
});

const GAP = 2;
const NARROWEST = 12;
const NO_LINES = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) =>
    ['', '-mid', '-left', '-right'].map((corner) => [`${side}${corner}`, '']),
  ),
);

/**
 * Columns without lines. On a narrow terminal one column gives way, with an ellipsis.
 *
 * @param flexible the index of the column that gives way
 */
export function table(
  paper: Paper,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  flexible: number,
): string {
  const { colours } = paper;
  const widths = head.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map((cell) => stringWidth(cell))),
  );
  const others =
    widths.reduce((sum, width, column) => sum + GAP + (column === flexible ? 0 : width), 0) - GAP;
  widths[flexible] = Math.max(NARROWEST, Math.min(widths[flexible] ?? 0, paper.columns - others));
  const made = new Table({
    chars: { ...NO_LINES, middle: '' },
    style: { 'padding-left': 0, 'padding-right': GAP, head: [], border: [], compact: true },
    head: head.map((title) => colours.dim(title)),
    colWidths: widths.map((width) => width + GAP),
  });
  made.push(...rows.map((row) => [...row]));
  return `${made.toString().replace(/ +$/gm, '')}\n`;
}
