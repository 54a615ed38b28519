import type { RepositoryPath } from '@antipode/domain';
import { hasReservedName } from '../reserved-names.js';

/** Bitbucket's own limit for slugs is 62; a little room costs nothing. ASCII only: lower-casing is then unambiguous. */
const WORKSPACE = /^[A-Za-z0-9_-]{1,128}$/;
const SLUG = /^[A-Za-z0-9_.-]{1,128}$/;

/**
 * "acme/widget" from "Acme/Widget.git"; undefined where Bitbucket Cloud has no such path.
 *
 * Bitbucket ignores case, so the normal form is lower case: one repository, one name here. Exactly one ".git" is
 * taken off; a slug cannot end with another.
 */
export function parseBitbucketPath(path: string): RepositoryPath | undefined {
  const [workspace, name, ...rest] = path.split('/');
  if (workspace === undefined || name === undefined || rest.length > 0) return undefined;
  const slug = name.replace(/\.git$/i, '');
  if (!WORKSPACE.test(workspace) || !SLUG.test(slug) || /\.git$/i.test(slug)) return undefined;
  return hasReservedName([workspace, slug]) ? undefined : `${workspace}/${slug}`.toLowerCase();
}
