import type { Expression, Operator, Scalar } from './expression.js';

/** Fields whose words have an order of their own, weakest first. */
export type Ranks = Readonly<Record<string, readonly string[]>>;

/** Whether the object fits. Fields are dotted paths; a path through a list asks any of its members. */
export function matches(expression: Expression, object: unknown, ranks: Ranks = {}): boolean {
  switch (expression.kind) {
    case 'and':
      return matches(expression.left, object, ranks) && matches(expression.right, object, ranks);
    case 'or':
      return matches(expression.left, object, ranks) || matches(expression.right, object, ranks);
    case 'in': {
      const found = valuesAt(object, expression.field);
      const isIn = found.some((value) => expression.values.some((wanted) => compare(value, '=', wanted)));
      return isIn !== expression.negated;
    }
    case 'compare': {
      const { operator, value: wanted } = expression;
      const found = valuesAt(object, expression.field);
      // "Not" means: none of them.
      if (operator === '!=') return !found.some((value) => compare(value, '=', wanted));
      if (operator === '!~') return !found.some((value) => compare(value, '~', wanted));
      const words = Object.hasOwn(ranks, expression.field) ? ranks[expression.field] : undefined;
      if (words)
        return found.some((value) =>
          compare(words.indexOf(String(value)), operator, words.indexOf(String(wanted))),
        );
      return found.some((value) => compare(value, operator, wanted));
    }
  }
}

/** A missing member is null, as in SQL's outer join. */
export function valuesAt(object: unknown, path: string): unknown[] {
  let current: unknown[] = [object];
  for (const step of path.split('.')) {
    current = current
      .flatMap((one) => (Array.isArray(one) ? (one as unknown[]) : [one]))
      .map((one) => member(one, step));
  }
  return current.flatMap((one) => (Array.isArray(one) ? (one as unknown[]) : [one]));
}

function member(object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null || !Object.hasOwn(object, name)) return null;
  return (object as Record<string, unknown>)[name] ?? null;
}

function compare(found: unknown, operator: Operator, wanted: Scalar): boolean {
  if (operator === '~')
    return asText(found)
      .toLowerCase()
      .includes(String(wanted ?? '').toLowerCase());
  if (operator === '=') return equal(found, wanted);
  const order = ordered(found, wanted);
  if (order === undefined) return false;
  switch (operator) {
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    default:
      return false;
  }
}

function equal(found: unknown, wanted: Scalar): boolean {
  if (wanted instanceof Date) return ordered(found, wanted) === 0;
  // Strings compare without regard to case, as Bitbucket's database does.
  if (typeof found === 'string' && typeof wanted === 'string')
    return found.toLowerCase() === wanted.toLowerCase();
  return found === wanted;
}

/** Negative, zero or positive; undefined where the two cannot be ordered. Dates in quotes work too. */
function ordered(found: unknown, wanted: Scalar): number | undefined {
  if (found === null || found === undefined || wanted === null) return undefined;
  if (wanted instanceof Date) {
    const at = micros(asText(found));
    return at === undefined ? undefined : at - wanted.getTime() * 1000;
  }
  if (typeof found === 'number' && typeof wanted === 'number') return found - wanted;
  const [a, b] = [micros(asText(found)), micros(String(wanted))];
  if (a !== undefined && b !== undefined) return a - b;
  return typeof found === 'string' && typeof wanted === 'string'
    ? found < wanted
      ? -1
      : found > wanted
        ? 1
        : 0
    : undefined;
}

/** Plain values as text; everything else, null included, is empty. */
export const asText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';

/** Microseconds since 1970, or undefined for what is no moment. */
function micros(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return undefined;
  const below = Number((/\.\d{3}(\d{1,3})/.exec(text)?.[1] ?? '').padEnd(3, '0'));
  return ms * 1000 + below;
}
