import pc from 'picocolors';
import type { Answer } from '../src/screen/answer.js';
import type { Paper } from '../src/screen/paper.js';

const PLAIN: Paper = { isTerminal: false, columns: Infinity, colours: pc.createColors(false) };
const TERMINAL: Paper = { isTerminal: true, columns: 72, colours: pc.createColors(true) };

/** What goes into a file or a pipe. */
export const piped = (answer: Answer): string => `\n${answer.text(PLAIN)}`;

/** What a terminal of 72 columns shows, its colours as words. */
export const onTerminal = (answer: Answer): string => `\n${named(answer.text(TERMINAL))}`;

export const terminal = TERMINAL;

const NAMES: Record<string, string> = {
  ...{
    '1': 'bold',
    '2': 'dim',
    '22': '/',
    '31': 'red',
    '32': 'green',
    '33': 'yellow',
    '36': 'cyan',
    '39': '/',
  },
};

/** Escape sequences as `<green>…</>`: readable, and visible in a review. */
export const named = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- the escape byte is what this is about
  text.replace(/\u001b\[(\d+)m/g, (_all, code: string) => `<${NAMES[code] ?? code}>`);
