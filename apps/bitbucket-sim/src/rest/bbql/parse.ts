import type { Expression, Operator, Scalar } from './expression.js';
import { BbqlSyntaxError, tokenize, type BbqlToken } from './tokenize.js';

/** Deeper nesting is refused: the parser recurses. */
const MAX_DEPTH = 50;
const ISO_DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;
const NUMBER = /^-?\d+(\.\d+)?$/;

/** `or := and (OR and)* ; and := term (AND term)* ; term := '(' or ')' | field op value | field [NOT] IN '(' … ')'` */
export function parseBbql(text: string): Expression {
  const parser = new Parser(tokenize(text));
  const expression = parser.or(0);
  parser.end();
  return expression;
}

class Parser {
  #at = 0;

  constructor(private readonly tokens: readonly BbqlToken[]) {}

  or(depth: number): Expression {
    let left = this.#and(depth);
    while (this.#takeWord('OR')) left = { kind: 'or', left, right: this.#and(depth) };
    return left;
  }

  end(): void {
    if (this.#at < this.tokens.length) throw new BbqlSyntaxError('unexpected text after the expression');
  }

  #and(depth: number): Expression {
    let left = this.#term(depth);
    while (this.#takeWord('AND')) left = { kind: 'and', left, right: this.#term(depth) };
    return left;
  }

  #term(depth: number): Expression {
    if (depth > MAX_DEPTH) throw new BbqlSyntaxError('too deeply nested');
    if (this.#take('(')) {
      const inner = this.or(depth + 1);
      this.#expect(')');
      return inner;
    }
    const field = this.#next();
    if (field.kind !== 'word') throw new BbqlSyntaxError('a field name is missing');
    if (this.#takeWord('IN')) return this.#in(field.text, false);
    if (this.#takeWord('NOT')) {
      if (!this.#takeWord('IN')) throw new BbqlSyntaxError('NOT must be followed by IN');
      return this.#in(field.text, true);
    }
    const operator = this.#next();
    if (operator.kind !== 'operator') throw new BbqlSyntaxError('an operator is missing');
    return { kind: 'compare', field: field.text, operator: operator.text as Operator, value: this.#scalar() };
  }

  #in(field: string, negated: boolean): Expression {
    this.#expect('(');
    const values = [this.#scalar()];
    while (this.#take(',')) values.push(this.#scalar());
    this.#expect(')');
    return { kind: 'in', field, negated, values };
  }

  #scalar(): Scalar {
    const token = this.#next();
    if (token.kind === 'string') return token.text;
    if (token.kind === 'word') return scalarOf(token.text);
    throw new BbqlSyntaxError('a value is missing');
  }

  #next(): BbqlToken {
    const token = this.tokens[this.#at];
    if (!token) throw new BbqlSyntaxError('the expression ends too early');
    this.#at += 1;
    return token;
  }

  #take(kind: BbqlToken['kind']): boolean {
    if (this.tokens[this.#at]?.kind !== kind) return false;
    this.#at += 1;
    return true;
  }

  #takeWord(word: string): boolean {
    const token = this.tokens[this.#at];
    if (token?.kind !== 'word' || token.text.toUpperCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #expect(kind: '(' | ')'): void {
    if (!this.#take(kind)) throw new BbqlSyntaxError(`"${kind}" is missing`);
  }
}

function scalarOf(word: string): Scalar {
  if (word === 'null') return null;
  if (word === 'true' || word === 'false') return word === 'true';
  if (NUMBER.test(word)) return Number(word);
  if (ISO_DATE.test(word)) return dateOf(word);
  throw new BbqlSyntaxError(`"${word}" must be quoted`);
}

/** Moments without an offset are UTC. */
function dateOf(word: string): Date {
  const hasOffset = /(Z|[+-]\d{2}:?\d{2})$/.test(word) && word.includes('T');
  const date = new Date(word.includes('T') && !hasOffset ? `${word}Z` : word);
  if (Number.isNaN(date.getTime())) throw new BbqlSyntaxError(`"${word}" is no date`);
  return date;
}
