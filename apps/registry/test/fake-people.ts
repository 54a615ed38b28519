import { auth } from '@antipode/contracts';
import { AntipodeError } from '@antipode/errors';
import { answerUnary, RpcServer } from '@antipode/rpc';

export interface FakePerson {
  readonly name: string;
  readonly role: auth.WorkspaceRole;
  /** Ids of what they may read. */
  readonly readable?: readonly string[];
  /** Workspaces that they administer. */
  readonly administers?: readonly string[];
}

export interface FakePeople extends AsyncDisposable {
  readonly address: string;
  /** By the value of the browser's cookie. */
  readonly people: Map<string, FakePerson>;
}

const SOON_MS = 1000;

/** Auth as the registry sees it: people who are signed in, by the cookie of their browser. */
export async function startFakePeople(accountToken = ''): Promise<FakePeople> {
  const people = new Map<string, FakePerson>();
  const find = (proof: auth.PersonProof | undefined): FakePerson => {
    const known = proof?.proof?.$case === 'session' ? people.get(proof.proof.value) : undefined;
    if (known) return known;
    throw new AntipodeError('unauthenticated', 'looking for a person');
  };
  const notHere = answerUnary(() => Promise.reject(new Error('not here')));
  const server = new RpcServer('127.0.0.1:0').add(auth.AuthServiceService, {
    identifyPerson: answerUnary(({ proof, workspace }: auth.IdentifyPersonRequest) => {
      const { name, role, administers = [] } = find(proof);
      return Promise.resolve({
        personId: idOf(name),
        displayName: name,
        role: administers.includes(workspace) ? auth.WorkspaceRole.WORKSPACE_ROLE_ADMINISTRATOR : role,
        validUntilMs: Date.now() + SOON_MS,
      });
    }),
    listWorkspaces: answerUnary(({ proof }: auth.ListWorkspacesRequest) => {
      const { administers = [] } = find(proof);
      const role = auth.WorkspaceRole.WORKSPACE_ROLE_ADMINISTRATOR;
      return Promise.resolve({ workspaces: administers.map((slug) => ({ slug, role })) });
    }),
    listReadable: answerUnary(({ proof }: auth.ListReadableRequest) =>
      Promise.resolve({
        repositoryIds: [...(find(proof).readable ?? [])],
        validUntilMs: Date.now() + SOON_MS,
      }),
    ),
    getAccountToken: answerUnary(() => Promise.resolve({ accessToken: accountToken, displayName: 'lent' })),
    authorize: notHere,
    identifyKey: notHere,
    noticeUnknownKeys: notHere,
    getRelayCredential: notHere,
  });
  await server.listen();
  return { address: `127.0.0.1:${server.port}`, people, [Symbol.asyncDispose]: () => server.close() };
}

/** A UUID that belongs to a name. */
const idOf = (name: string): string =>
  `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').padEnd(12, '0').slice(0, 12)}`;
