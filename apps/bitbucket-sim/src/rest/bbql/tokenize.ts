export type BbqlToken =
  | { readonly kind: 'word' | 'string' | 'operator'; readonly text: string }
  | { readonly kind: '(' | ')' | ',' };

export class BbqlSyntaxError extends Error {}

const WORD = /[A-Za-z0-9_.:+{}-]+/y;
const OPERATOR = /!=|!~|>=|<=|[=~<>]/y;

/** Splits a query into words, quoted strings, operators and punctuation. Every input ends in tokens or BbqlSyntaxError. */
export function tokenize(text: string): BbqlToken[] {
  const tokens: BbqlToken[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const char = text.charAt(at);
    if (/\s/.test(char)) {
      at += 1;
    } else if (char === '(' || char === ')' || char === ',') {
      tokens.push({ kind: char });
      at += 1;
    } else if (char === '"') {
      const { value, end } = readString(text, at);
      tokens.push({ kind: 'string', text: value });
      at = end;
    } else {
      const operator = match(OPERATOR);
      const found = operator ?? match(WORD);
      if (found === undefined) throw new BbqlSyntaxError(`unexpected "${char}" at ${at}`);
      tokens.push({ kind: operator === undefined ? 'word' : 'operator', text: found });
      at += found.length;
    }
  }
  return tokens;
}

function readString(text: string, start: number): { value: string; end: number } {
  let value = '';
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '"') return { value, end: at + 1 };
    if (char === '\\') at += 1;
    value += text.charAt(at);
  }
  throw new BbqlSyntaxError('a string is not closed');
}
