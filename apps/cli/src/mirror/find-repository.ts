import { stoppedShort } from '../stopped-short.js';
import type { MirrorClient } from './mirror-client.js';
import type { Repository } from './shapes.js';

const UUID = /^\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?$/i;
const SUGGESTIONS = 5;

/**
 * The repository that a person names: by its path, by its slug where only one has it, by its UUID or by a URL of it.
 *
 * @throws AntipodeError `not_found` with those that look alike; `invalid` where several have that slug
 */
export async function findRepository(client: MirrorClient, name: string): Promise<Repository> {
  const [, id] = UUID.exec(name) ?? [];
  if (id !== undefined) return client.repository(id.toLowerCase());
  const path = pathOf(name);
  const { values } = await client.repositories({ q: path }, 200);
  const wanted = path.toLowerCase();
  const found = values.find((one) => one.path.toLowerCase() === wanted);
  if (found) return found;
  const ofThatSlug = values.filter((one) => one.path.toLowerCase().endsWith(`/${wanted}`));
  if (ofThatSlug.length === 1 && ofThatSlug[0]) return ofThatSlug[0];
  if (ofThatSlug.length > 1)
    throw stoppedShort('invalid', `Several are called ${name}: ${pathsOf(ofThatSlug)}. Name the whole path.`);
  throw await unknown(client, name, path);
}

async function unknown(client: MirrorClient, name: string, path: string): Promise<Error> {
  const slug = path.split('/').at(-1) ?? path;
  const { values } = slug === '' ? { values: [] } : await client.repositories({ q: slug }, SUGGESTIONS);
  const alike = values.length > 0 ? ` Did you mean ${pathsOf(values)}?` : '';
  return stoppedShort(
    'not_found',
    `No mirrored repository is called ${name}.${alike} \`antipode repos list\` shows all; ` +
      '`antipode projects add KEY` mirrors those of another project.',
  );
}

/** "acme/site" of "https://bitbucket.org/acme/site.git" and of "git@bitbucket.org:acme/site" as well. */
function pathOf(name: string): string {
  const path = URL.canParse(name) ? new URL(name).pathname : name.replace(/^[^/@]+@[^/:]+:/, '');
  return path.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '');
}

const pathsOf = (repositories: readonly Repository[]): string =>
  repositories
    .slice(0, SUGGESTIONS)
    .map(({ path }) => path)
    .join(', ');
