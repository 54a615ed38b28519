import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { MirrorSettings } from '../config.js';
import { stoppedShort } from '../stopped-short.js';
import { readLocalHouse, type LocalHouse } from './local-house.js';
import { DEFAULT_PROFILE, readProfile } from './profile.js';

/** The options by which a person names a mirror. */
export interface MirrorOptions {
  readonly data?: string;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly profile?: string;
}

/** A mirror, and how to talk to it. */
export interface Mirror {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string | undefined;
  /** Where the token was found, for the sentence when it is refused: "the file /etc/token". */
  readonly tokenFrom: string | undefined;
  /** Present where it runs on this machine. */
  readonly house?: LocalHouse;
}

export const DEFAULT_DATA = '.antipode';

/** A mirror before its token is read, so that one who names another token file never opens the first. */
interface Place {
  readonly url: string;
  readonly token?: { readonly value: string; readonly from: string };
  readonly tokenFile?: string | undefined;
  readonly house?: LocalHouse;
}

/**
 * Which mirror is meant. What is typed goes before the environment, what is named before what is merely there:
 * --url, --profile, --data, ANTIPODE_URL, ANTIPODE_PROFILE, a house on .antipode, the profile "default".
 *
 * A token goes to the address that it was given for and to no other; only --token-file goes anywhere.
 *
 * @throws AntipodeError whose hint says how to name a mirror
 */
export async function findMirror(options: MirrorOptions, settings: MirrorSettings): Promise<Mirror> {
  const place = await findPlace(options, settings);
  const url = readUrl(place.url);
  const house = place.house ? { house: place.house } : {};
  const file = options.tokenFile === undefined ? undefined : resolve(options.tokenFile);
  if (file === undefined && place.token)
    return { url, ...house, token: place.token.value, tokenFrom: place.token.from };
  const path = file ?? place.tokenFile;
  if (path === undefined) return { url, ...house, token: undefined, tokenFrom: undefined };
  return { url, ...house, token: await readToken(path), tokenFrom: `the file ${path}` };
}

async function findPlace(options: MirrorOptions, settings: MirrorSettings): Promise<Place> {
  if (options.url !== undefined) return findByUrl(options.url, options, settings);
  if (options.profile !== undefined) return namedProfile(options.profile, settings);
  if (options.data !== undefined) return namedHouse(resolve(options.data));
  if (settings.url !== undefined) return ofEnvironment(settings.url, settings);
  if (settings.profile !== undefined) return namedProfile(settings.profile, settings);
  const house = await readLocalHouse(resolve(DEFAULT_DATA));
  if (house) return ofHouse(house);
  const profile = await readProfile(settings.profileFolder, DEFAULT_PROFILE);
  if (profile) return profile;
  throw stoppedShort(
    'service_unavailable',
    `Nothing runs on ${resolve(DEFAULT_DATA)}, and no other mirror is named. Start a house with \`antipode up\`, or name a ` +
      'mirror with --url URL --token-file FILE, with ANTIPODE_URL and ANTIPODE_TOKEN_FILE, or in ' +
      `${settings.profileFolder}/${DEFAULT_PROFILE}.json.`,
  );
}

/** An address alone: its token is whichever we know for exactly this address. */
async function findByUrl(url: string, options: MirrorOptions, settings: MirrorSettings): Promise<Place> {
  if (options.tokenFile !== undefined) return { url };
  if (settings.url === undefined || isSame(settings.url, url)) {
    const place = ofEnvironment(url, settings);
    if (place.token ?? place.tokenFile) return place;
  }
  const house = await readLocalHouse(resolve(options.data ?? DEFAULT_DATA));
  if (house && isSame(house.mirror.url, url)) return ofHouse(house);
  const name = options.profile ?? settings.profile ?? DEFAULT_PROFILE;
  const profile = await readProfile(settings.profileFolder, name);
  return profile && isSame(profile.url, url) ? profile : { url };
}

async function namedProfile(name: string, { profileFolder }: MirrorSettings): Promise<Place> {
  const profile = await readProfile(profileFolder, name);
  if (profile) return profile;
  throw stoppedShort(
    'invalid',
    `There is no profile ${profileFolder}/${name}.json. Write {"url": "https://mirror.example", "tokenFile": "token"} into it.`,
  );
}

async function namedHouse(dataFolder: string): Promise<Place> {
  const house = await readLocalHouse(dataFolder);
  if (house) return ofHouse(house);
  throw stoppedShort(
    'service_unavailable',
    `Nothing runs on ${dataFolder}. Start it with \`antipode up --data ${dataFolder}\`.`,
  );
}

const ofHouse = (house: LocalHouse): Place => ({
  url: house.mirror.url,
  token: { value: house.mirror.adminToken, from: `${house.dataFolder}/demo.json` },
  house,
});

const ofEnvironment = (url: string, { token, tokenFile }: MirrorSettings): Place => ({
  url,
  ...(token === undefined ? {} : { token: { value: token, from: 'ANTIPODE_TOKEN' } }),
  tokenFile: tokenFile === undefined ? undefined : resolve(tokenFile),
});

/** @throws AntipodeError `invalid`; its sentence repeats nothing of an address that may hold a password */
function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw stoppedShort('invalid', "The mirror's URL must begin with http:// or https://.");
  if (url.username || url.password)
    throw stoppedShort('invalid', "The mirror's URL must hold no credential: name a file with --token-file.");
  return url.href.replace(/\/+$/, '');
}

const isSame = (one: string, other: string): boolean =>
  URL.canParse(one) && URL.canParse(other) && new URL(one).href === new URL(other).href;

async function readToken(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw stoppedShort(
      'unauthenticated',
      `The token file ${path} cannot be read (${error.code ?? error.message}).`,
    );
  });
  const token = text.trim();
  if (/^[\x21-\x7e]{1,512}$/.test(token)) return token;
  throw stoppedShort(
    'unauthenticated',
    `The file ${path} must hold the admin token and nothing else: one line, no spaces.`,
  );
}
