import type { Json } from './shapes/links.js';

interface Term {
  readonly kind: 'only' | 'add' | 'remove';
  readonly path: readonly string[];
}

/**
 * `fields=`: a plain path keeps only what is named, `+path` adds, `-path` removes, `*` stands for
 * every member. `+` alone changes nothing here unless everything else was removed, because the
 * full object already holds what it would add; what is not shown by default is shown by its handler.
 */
export function parseFields(text: string): Term[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const kind = part.startsWith('-') ? 'remove' : part.startsWith('+') ? 'add' : 'only';
      const path = part.replace(/^[-+]/, '').split('.').filter(Boolean);
      return { kind, path } as const;
    })
    .filter(({ path }) => path.length > 0);
}

/** What `+path` asks for, for members that are hidden unless asked for. */
export const asksFor = (text: string | null, path: string): boolean =>
  parseFields(text ?? '').some((term) => term.kind !== 'remove' && term.path.join('.') === path);

export function applyFields(json: unknown, text: string | null): unknown {
  if (!text) return json;
  const terms = parseFields(text);
  const only = terms.filter(({ kind }) => kind === 'only').map(({ path }) => path);
  const added = terms.filter(({ kind }) => kind === 'add').map(({ path }) => path);
  const dropped = terms.filter(({ kind }) => kind === 'remove').map(({ path }) => path);
  let result = only.length > 0 ? keep(json, [...only, ...added]) : json;
  for (const path of dropped) result = drop(result, path);
  // `-*,+foo`: what was added comes back after everything was removed.
  return only.length === 0 && dropped.length > 0 && added.length > 0
    ? merge(result, keep(json, added))
    : result;
}

function keep(json: unknown, paths: readonly (readonly string[])[]): unknown {
  if (paths.some((path) => path.length === 0)) return json;
  if (Array.isArray(json)) return json.map((one) => keep(one, paths));
  if (!isObject(json)) return json;
  const kept: Json = {};
  for (const [name, value] of Object.entries(json)) {
    const below = paths.filter(([step]) => step === '*' || step === name).map((path) => path.slice(1));
    if (below.length > 0) kept[name] = keep(value, below);
  }
  return kept;
}

function drop(json: unknown, path: readonly string[]): unknown {
  if (Array.isArray(json)) return json.map((one) => drop(one, path));
  if (!isObject(json)) return json;
  const [step, ...below] = path;
  const left = Object.entries(json).flatMap(([name, value]): [string, unknown][] => {
    if (step !== '*' && step !== name) return [[name, value]];
    return below.length === 0 ? [] : [[name, drop(value, below)]];
  });
  return Object.fromEntries(left);
}

function merge(a: unknown, b: unknown): unknown {
  if (Array.isArray(a) && Array.isArray(b)) return a.map((one, i) => merge(one, b[i]));
  if (!isObject(a) || !isObject(b)) return b ?? a;
  const merged: Json = { ...a };
  for (const [name, value] of Object.entries(b))
    merged[name] = Object.hasOwn(a, name) ? merge(a[name], value) : value;
  return merged;
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
