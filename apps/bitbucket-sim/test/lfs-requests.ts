import { SimApi, type SimLfsObject } from '@antipode/testing';
import { basic, type SimUnderTest } from './open-sim.js';

export const LFS_JSON = 'application/vnd.git-lfs+json';

export interface Action {
  readonly href: string;
  readonly header: Record<string, string>;
  readonly expires_in: number;
}

/** As the owner of the sample workspace. */
export function apiOf(sim: SimUnderTest): SimApi {
  const { email, apiToken } = sim.user('olivia');
  return new SimApi(sim.url, { username: email, password: apiToken });
}

export const gitAuthorization = (sim: SimUnderTest, name: string): string => {
  const { username, password } = sim.git(name);
  return basic(username, password);
};

export interface LfsAsk {
  readonly as?: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One raw request below a repository's LFS URL. @param path "workspace/slug.git/info/lfs/…" */
export function ask(
  sim: SimUnderTest,
  path: string,
  { as, method, body, headers }: LfsAsk,
): Promise<Response> {
  return fetch(`${sim.url}/${path}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      accept: LFS_JSON,
      ...(body === undefined ? {} : { 'content-type': LFS_JSON }),
      ...(as === undefined ? {} : { authorization: gitAuthorization(sim, as) }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

/** What an answer says; answers are what these tests are about. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export const jsonOf = async (response: Response | Promise<Response>): Promise<any> => (await response).json();

/** The answer of a batch that has to work. */
export async function batch(
  sim: SimUnderTest,
  repository: string,
  body: { operation: 'download' | 'upload'; objects: readonly unknown[]; [more: string]: unknown },
  as = 'walter',
): ReturnType<typeof jsonOf> {
  const response = await ask(sim, `${repository}.git/info/lfs/objects/batch`, { as, body });
  if (!response.ok) throw new Error(`the batch answered ${response.status}: ${await response.text()}`);
  return jsonOf(response);
}

export async function linkTo(
  sim: SimUnderTest,
  repository: string,
  object: SimLfsObject,
  name: 'download' | 'upload' | 'verify' = 'download',
): Promise<Action> {
  const operation = name === 'download' ? name : 'upload';
  const { objects } = await batch(sim, repository, { operation, objects: [object] });
  return objects[0].actions[name] as Action;
}

/** Follows a link as it wants to be followed. */
export const follow = (
  { href, header }: Action,
  more: RequestInit & { headers?: Record<string, string> } = {},
) => fetch(href, { ...more, headers: { ...header, ...more.headers } });
