import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { applyFields, asksFor, parseFields } from './fields.js';

const page = {
  next: 'n',
  values: [
    { uuid: '1', name: 'a', links: { self: { href: 's' }, html: { href: 'h' } } },
    { uuid: '2', name: 'b', links: { self: { href: 's' } } },
  ],
};

describe('fields', () => {
  it.each([
    ['values.uuid', { values: [{ uuid: '1' }, { uuid: '2' }] }],
    ['next,values.name', { next: 'n', values: [{ name: 'a' }, { name: 'b' }] }],
    [
      'values.links.*.href',
      {
        values: [{ links: { self: { href: 's' }, html: { href: 'h' } } }, { links: { self: { href: 's' } } }],
      },
    ],
    [
      '-values.links,-next',
      {
        values: [
          { uuid: '1', name: 'a' },
          { uuid: '2', name: 'b' },
        ],
      },
    ],
    ['-*,+next', { next: 'n' }],
    ['-values.*,+values.uuid', { next: 'n', values: [{ uuid: '1' }, { uuid: '2' }] }],
    [
      'values.uuid,+values.name',
      {
        values: [
          { uuid: '1', name: 'a' },
          { uuid: '2', name: 'b' },
        ],
      },
    ],
    ['+values.name', page],
    ['nothing', {}],
    ['', page],
  ])('%s', (fields, expected) => expect(applyFields(page, fields)).toEqual(expected));

  it('knows what a caller asks for', () => {
    expect(asksFor('+values.user.email,-next', 'values.user.email')).toBe(true);
    expect(asksFor('-values.user.email', 'values.user.email')).toBe(false);
    expect(asksFor(null, 'x')).toBe(false);
  });

  const text = fc.oneof(
    fc.string(),
    fc
      .array(fc.constantFrom('a', 'b', '.', ',', '+', '-', '*', '__proto__'), { maxLength: 20 })
      .map((all) => all.join('')),
  );

  it('never fails, never changes what it is given, and never invents anything', () => {
    fc.assert(
      fc.property(fc.jsonValue(), text, (json, fields) => {
        const before = structuredClone(json);
        const after = applyFields(json, fields);
        expect(json).toEqual(before);
        expect(leaves(json)).toEqual(expect.arrayContaining(leaves(after)));
      }),
    );
  });

  it('is done after the first time where only members are named', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.array(fc.constantFrom('a', 'b', 'a.b', '*', 'b.*'), { minLength: 1 }),
        (json, names) => {
          const once = applyFields(json, names.join(','));
          expect(applyFields(once, names.join(','))).toEqual(once);
        },
      ),
    );
  });

  it('reads every text into terms with a path', () => {
    fc.assert(fc.property(text, (fields) => parseFields(fields).every(({ path }) => path.length > 0)));
  });
});

/** Paths and values of everything that is no container. */
function leaves(json: unknown, path = ''): string[] {
  if (typeof json !== 'object' || json === null) return [`${path}=${JSON.stringify(json)}`];
  return Object.entries(json).flatMap(([name, value]) => leaves(value, `${path}/${name}`));
}
