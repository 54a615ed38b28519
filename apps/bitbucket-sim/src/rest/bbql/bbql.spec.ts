import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { matches } from './evaluate.js';
import { fieldsOf, type Expression } from './expression.js';
import { parseBbql } from './parse.js';
import { BbqlSyntaxError } from './tokenize.js';

const object = {
  name: 'Storefront',
  size: 42,
  is_private: true,
  parent: null,
  updated_on: '2024-03-04T10:00:00.500001+00:00',
  project: { key: 'WEB' },
  tags: [{ name: 'a' }, { name: 'b' }],
};
const holds = (q: string): boolean => matches(parseBbql(q), object);

describe('BBQL', () => {
  it.each([
    'name = "Storefront"',
    'name = "storefront"',
    'name != "x"',
    'name ~ "FRONT"',
    'name !~ "back"',
    'size > 41 AND size >= 42 and size < 43 AND size <= 42',
    'is_private = true',
    'parent = null',
    'website = null',
    'project.key = "WEB"',
    'project.key IN ("DATA", "WEB")',
    'project.key NOT IN ("DATA")',
    'size in (1, 42)',
    'updated_on > 2024-03-04',
    'updated_on > 2024-03-04T11:00:00+02:00',
    'updated_on > 2024-03-04T10:00:00.500',
    'updated_on <= "2024-03-04T10:00:00.500001+00:00"',
    'updated_on < 2024-03-04T10:00:00.501Z',
    'tags.name = "b"',
    'name = "x" OR size = 42 AND is_private = true',
    '(name = "x" OR size = 42) AND is_private = true',
  ])('finds that %s', (q) => expect(holds(q)).toBe(true));

  it.each([
    'name = "x"',
    'size > 42',
    'size = "42"',
    'parent != null',
    'name = "Storefront" AND (size = 1 OR size = 2)',
    'is_private = true AND name = "x" OR size = 1',
    'nothing.at.all > 3',
    'tags.name != "b"',
    '__proto__ = "x"',
  ])('finds that not %s', (q) => expect(holds(q)).toBe(false));

  it.each([
    '',
    'name',
    'name =',
    'name = x',
    '= "x"',
    'name = "x',
    '(name = "x"',
    'name = "x")',
    'name IN ()',
    'name IN "x"',
    'name NOT "x"',
    'a = 1 b = 2',
    'a = 1 AND',
    '%',
    `${'('.repeat(100)}a = 1${')'.repeat(100)}`,
  ])('refuses %j', (q) => expect(() => parseBbql(q)).toThrow(BbqlSyntaxError));

  it('ends every input in an expression or a syntax error', () => {
    const words = fc.constantFrom(
      'name',
      'AND',
      'OR',
      'NOT',
      'IN',
      '(',
      ')',
      ',',
      '"x"',
      '=',
      '~',
      '!=',
      '1',
      'null',
      '2024-01-01',
      ' ',
      '\\',
      '"',
      'é',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words, { maxLength: 40 }).map((all) => all.join(' ')),
        ),
        (q) => {
          try {
            expect(fieldsOf(parseBbql(q)).length).toBeGreaterThan(0);
          } catch (error) {
            expect(error).toBeInstanceOf(BbqlSyntaxError);
          }
        },
      ),
    );
  });

  it('reads back what was written', () => {
    const field = fc.constantFrom('name', 'project.key', 'updated_on');
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    const leaf = fc.oneof(
      fc.record({
        kind: fc.constant('compare' as const),
        field,
        operator: fc.constantFrom('=' as const, '!=' as const, '~' as const, '>=' as const),
        value,
      }),
      fc.record({
        kind: fc.constant('in' as const),
        field,
        negated: fc.boolean(),
        values: fc.array(value, { minLength: 1, maxLength: 4 }),
      }),
    );
    const { tree } = fc.letrec<{ tree: Expression }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.record({
          kind: fc.constantFrom('and' as const, 'or' as const),
          left: tie('tree'),
          right: tie('tree'),
        }),
      ),
    }));
    fc.assert(fc.property(tree, (expression) => expect(parseBbql(write(expression))).toEqual(expression)));
  });
});

function write(expression: Expression): string {
  if ('left' in expression)
    return `(${write(expression.left)}) ${expression.kind.toUpperCase()} (${write(expression.right)})`;
  if (expression.kind === 'in')
    return `${expression.field} ${expression.negated ? 'NOT ' : ''}IN (${expression.values.map(literal).join(', ')})`;
  return `${expression.field} ${expression.operator} ${literal(expression.value)}`;
}

const literal = (value: unknown): string =>
  typeof value === 'string' ? `"${value.replace(/[\\"]/g, (char) => `\\${char}`)}"` : String(value);
