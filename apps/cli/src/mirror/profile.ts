import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { stoppedShort } from '../stopped-short.js';

/** `~/.config/antipode/<name>.json`: a mirror that somebody administers from here. */
const profileSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  /** From the profile's folder, or `~/…`, or absolute. The token itself has no place in this file. */
  tokenFile: z.string().min(1).optional(),
});

export interface Profile {
  readonly path: string;
  readonly url: string;
  readonly tokenFile: string | undefined;
}

export const DEFAULT_PROFILE = 'default';

/** @returns undefined where there is no such file @throws AntipodeError `invalid` naming what is wrong in it */
export async function readProfile(folder: string, name: string): Promise<Profile | undefined> {
  const path = join(folder, `${name}.json`);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw stoppedShort('invalid', `The profile ${path} cannot be read (${error.code ?? error.message}).`);
  });
  if (text === undefined) return undefined;
  const { url, tokenFile } = parse(path, text);
  return { path, url, tokenFile: tokenFile === undefined ? undefined : placeOf(tokenFile, path) };
}

function parse(path: string, text: string): z.infer<typeof profileSchema> {
  const result = profileSchema.safeParse(asJson(text));
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => [...issue.path, issue.message].join(': ')).join('; ');
  throw stoppedShort(
    'invalid',
    `The profile ${path} must be JSON like {"url": "https://mirror.example", "tokenFile": "token"} (${problems}).`,
  );
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const placeOf = (file: string, profile: string): string =>
  file.startsWith('~/') ? join(homedir(), file.slice(2)) : resolve(dirname(profile), file);
