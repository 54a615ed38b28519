import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Where the pages' stylesheet, script and icon are, below the mirror's base URL. */
export const ASSETS_PATH = '/-/assets/';

const TYPES = {
  'antipode.css': 'text/css; charset=utf-8',
  'antipode.js': 'text/javascript; charset=utf-8',
  'antipode.svg': 'image/svg+xml',
} as const;

export type AssetName = keyof typeof TYPES;

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
  /** With the hash of what is inside: another content has another path. */
  readonly path: string;
}

const ASSETS = Object.fromEntries(
  Object.entries(TYPES).map(([name, type]) => [name, load(name, type)]),
) as Record<AssetName, Asset>;

function load(name: string, type: string): Asset {
  // They lie beside src and dist, as they are sent: there is no build step between an editor and a browser.
  const body = readFileSync(new URL(`../assets/${name}`, import.meta.url));
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 12);
  return { type, body, path: `${ASSETS_PATH}${name.replace('.', `.${hash}.`)}` };
}

export const assetPath = (name: AssetName): string => ASSETS[name].path;

/**
 * The asset that a page asks for. During an upgrade a page may come from one version and its stylesheet from another:
 * then the newest that is here is better than none, but must not be remembered under that name.
 */
export function findAsset(path: string): (Asset & { readonly cache: string }) | undefined {
  const [, stem, ending] = /^\/-\/assets\/([a-z]+)\.[\w-]{12}\.([a-z]+)$/.exec(path) ?? [];
  const asset = ASSETS[`${stem}.${ending}` as AssetName] as Asset | undefined;
  if (!asset) return undefined;
  return { ...asset, cache: asset.path === path ? 'public, max-age=31536000, immutable' : 'no-cache' };
}
