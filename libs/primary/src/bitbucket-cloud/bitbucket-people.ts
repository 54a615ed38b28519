import type { z } from 'zod';
import type { RepositoryId } from '@antipode/domain';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import { readBasic } from '../http/basic.js';
import type { PrimaryAccount } from '../oauth.js';
import type { Membership, People, WorkspaceRole } from '../people.js';
import type { ConnectionCredential } from '../primary.js';
import type { RestCall, RestClient } from './rest/rest-client.js';
import { accessShape, accountShape, membershipShape, readableShape } from './shapes.js';

const WORKSPACE = /^[A-Za-z0-9_-]{1,128}$/;
const WORKSPACE_ID = /^\{[0-9a-f-]{36}\}$/i;
/** Nobody has so many; an answer that goes on after that would only fill memory. */
const MOST_WORKSPACES = 1000;
const MOST_REPOSITORIES = 20_000;
const DOING = 'asking the primary about a person';

/** People of Bitbucket Cloud, by what it says to them of themselves. */
export class BitbucketPeople implements People {
  constructor(private readonly rest: RestClient) {}

  /** REST takes a person's token with the e-mail alone: everything else that git takes is a username, or no person. */
  readCredential(authorization: string): ConnectionCredential {
    const basic = readBasic(authorization);
    if (basic === undefined && /^basic\b/i.test(authorization))
      throw new AntipodeError('unauthenticated', 'reading a credential');
    if (!basic?.username.includes('@')) throw noPerson();
    if (basic.password === '') throw new AntipodeError('unauthenticated', 'reading a credential');
    return { token: basic.password, email: basic.username };
  }

  async identify(credential: ConnectionCredential, signal?: AbortSignal): Promise<PrimaryAccount> {
    const path = '/user?fields=uuid,display_name,nickname';
    const { value, kind } = await this.rest.look(path, accountShape, { credential, signal });
    // Bitbucket shows the access token of a workspace, project or repository as a "user" that is named after it.
    if (kind?.endsWith('_access_token')) throw noPerson();
    return { id: value.uuid, displayName: value.display_name ?? value.nickname ?? value.uuid };
  }

  async workspaces(credential: ConnectionCredential, signal?: AbortSignal): Promise<Membership[]> {
    const query = { pagelen: '100', sort: 'slug', fields: 'next,values.administrator,values.workspace.slug' };
    const found = await this.collect('/user/workspaces', query, accessShape, {
      call: { credential, signal },
      most: MOST_WORKSPACES,
    });
    return found
      .filter(({ workspace: { slug } }) => WORKSPACE.test(slug))
      .map(({ administrator, workspace: { slug } }) => ({
        slug,
        role: administrator === true ? 'administrator' : 'member',
      }));
  }

  async roleIn(
    credential: ConnectionCredential,
    workspace: string,
    signal?: AbortSignal,
  ): Promise<WorkspaceRole> {
    const path = `/user/workspaces/${checked(workspace)}/permission?fields=permission`;
    const found = await strangerAs(undefined, () =>
      this.rest.look(path, membershipShape, { credential, signal }),
    );
    if (!found) return 'stranger';
    return found.value.permission === 'owner' ? 'administrator' : 'member';
  }

  readable(
    credential: ConnectionCredential,
    workspace: string,
    signal?: AbortSignal,
  ): Promise<RepositoryId[]> {
    const path = `/user/workspaces/${checked(workspace)}/permissions/repositories`;
    const query = { pagelen: '100', fields: 'next,values.repository.uuid' };
    return strangerAs([], async () => {
      const found = await this.collect(path, query, readableShape, {
        call: { credential, signal },
        most: MOST_REPOSITORIES,
      });
      return found.map(({ repository }) => repository.uuid);
    });
  }

  private async collect<Item>(
    path: string,
    query: Readonly<Record<string, string>>,
    item: z.ZodType<Item>,
    { call, most }: { readonly call: RestCall; readonly most: number },
  ): Promise<Item[]> {
    const found: Item[] = [];
    for await (const page of this.rest.pages(path, query, item, call)) {
      found.push(...page.slice(0, most - found.length));
      if (found.length >= most) break;
    }
    return found;
  }
}

/**
 * 403 means "no access to the workspace", and 404 that there is none; but a credential that lacks a scope is refused
 * with 403, too, and its owner must hear of that.
 */
async function strangerAs<T>(stranger: T, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isAntipodeError(error)) throw error;
    const isStranger =
      error.code === 'not_found' ||
      (error.code === 'denied' && error.context['status'] === 403 && !error.context['requiredScopes']);
    if (isStranger) return stranger;
    throw error;
  }
}

/** It becomes part of a URL: a name, or an id in braces. */
function checked(workspace: string): string {
  if (WORKSPACE.test(workspace) || WORKSPACE_ID.test(workspace)) return encodeURIComponent(workspace);
  throw new AntipodeError('invalid', DOING, {}, { hint: 'That cannot be the name of a workspace.' });
}

const noPerson = (): AntipodeError =>
  new AntipodeError(
    'denied',
    DOING,
    {},
    {
      hint: "This credential is no person's. Use your Atlassian account's e-mail with an API token of yours, or sign in with a browser.",
    },
  );
