/** Text that is HTML already. Only `markup` makes it, so nothing reaches a page unescaped. */
export class Html {
  constructor(readonly text: string) {}
}

export type Piece = string | number | Html | readonly Piece[] | undefined;

/**
 * HTML from a template. Not called `html`: a formatter that knows that name would change what is inside, blanks that
 * people see included.
 *
 * Everything that is put in is escaped, unless it is HTML itself; undefined is nothing.
 */
export const markup = (strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html =>
  new Html(strings.reduce((text, string, index) => text + escape(pieces[index - 1]) + string));

function escape(piece: Piece): string {
  if (piece === undefined) return '';
  if (piece instanceof Html) return piece.text;
  if (typeof piece === 'object') return piece.map(escape).join('');
  // Enough for text and for attributes in double quotes, which is all that the templates have.
  return String(piece).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}
