import { Injectable } from '@nestjs/common';
import { auth } from '@antipode/contracts';
import { AntipodeError } from '@antipode/errors';
import type { WorkspaceRole } from '@antipode/primary';
import { isAccountId } from '../authorize/read-question.js';
import { AccountLending } from './account-lending.js';
import { PeopleService } from './people.service.js';
import { readProof } from './proof.js';

const LONGEST_WORKSPACE = 128;
const LONGEST_TOKEN = 8192;

const ROLES: Record<WorkspaceRole, auth.WorkspaceRole> = {
  stranger: auth.WorkspaceRole.WORKSPACE_ROLE_STRANGER,
  member: auth.WorkspaceRole.WORKSPACE_ROLE_MEMBER,
  administrator: auth.WorkspaceRole.WORKSPACE_ROLE_ADMINISTRATOR,
};

/** What AuthService promises about people (auth.proto): proto in, domain out, no decisions. */
@Injectable()
export class PeopleCalls {
  constructor(
    private readonly people: PeopleService,
    private readonly lending: AccountLending,
  ) {}

  async identify(request: auth.IdentifyPersonRequest): Promise<auth.IdentifyPersonResponse> {
    const workspace = request.workspace === '' ? undefined : readWorkspace(request.workspace);
    const { id, displayName, role, validUntil } = await this.people.identify(readAsking(request), workspace);
    return { personId: id, displayName, role: ROLES[role], validUntilMs: validUntil };
  }

  async workspaces(request: auth.ListWorkspacesRequest): Promise<auth.ListWorkspacesResponse> {
    const workspaces = await this.people.workspaces(readAsking(request));
    return { workspaces: workspaces.map(({ slug, role }) => ({ slug, role: ROLES[role] })) };
  }

  async readable(request: auth.ListReadableRequest): Promise<auth.ListReadableResponse> {
    const { ids, validUntil } = await this.people.readable(
      readAsking(request),
      readWorkspace(request.workspace),
    );
    return { repositoryIds: ids, validUntilMs: validUntil };
  }

  async lend({
    accountId,
    refused,
    preview,
  }: auth.GetAccountTokenRequest): Promise<auth.GetAccountTokenResponse> {
    if (!isAccountId(accountId) || refused.length > LONGEST_TOKEN)
      throw new AntipodeError('invalid', 'reading whose token is asked for');
    const purpose = preview ? 'preview' : 'connection';
    return this.lending.lend({ accountId, refused: refused === '' ? undefined : refused, purpose });
  }
}

const readAsking = ({
  proof,
  clientAddress,
}: {
  readonly proof: auth.PersonProof | undefined;
  readonly clientAddress: string;
}) => ({ proof: readProof(proof), clientAddress });

function readWorkspace(workspace: string): string {
  if (workspace !== '' && workspace.length <= LONGEST_WORKSPACE) return workspace;
  throw new AntipodeError('invalid', 'reading which workspace is asked about');
}
