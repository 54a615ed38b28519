import { auth } from '@antipode/contracts';
import { AntipodeError } from '@antipode/errors';
import { answerUnary, RpcServer } from '@antipode/rpc';

const { WORKSPACE_ROLE_ADMINISTRATOR, WORKSPACE_ROLE_MEMBER, WORKSPACE_ROLE_STRANGER } = auth.WorkspaceRole;

export interface FakePerson {
  readonly id: string;
  readonly displayName: string;
  /** By workspace; a stranger in all others. */
  readonly roles: Readonly<Record<string, 'administrator' | 'member'>>;
  readonly readable?: readonly string[];
  /** What shows who they are: values of cookies, and Authorization headers. */
  readonly proofs: readonly string[];
}

const ROLE = { administrator: WORKSPACE_ROLE_ADMINISTRATOR, member: WORKSPACE_ROLE_MEMBER } as const;

/** auth, as far as registry asks it: a server that knows the people that a test gives it. */
export class FakeAuth implements AsyncDisposable {
  people: FakePerson[] = [];
  /** Of linked accounts, by person. */
  readonly tokens = new Map<string, string>();
  /** Given instead of a token that the primary has refused. */
  readonly renewed = new Map<string, string>();
  readonly asked: string[] = [];
  /** The workspaces that roles were asked about. */
  readonly workspaces = new Set<string>();
  /** From where each call was, as registry says. */
  readonly addresses: unknown[] = [];
  /** What a workspace is called that is asked about by its id. */
  named = 'acme';
  /** How long its answers stand. */
  validForMs = 0;
  /** What every call ends with, where a test says so. */
  failure: AntipodeError | undefined;
  private readonly server: RpcServer;

  private constructor() {
    this.server = new RpcServer('127.0.0.1:0').add(auth.AuthServiceService, this.handlers());
  }

  static async open(): Promise<FakeAuth> {
    const fake = new FakeAuth();
    await fake.server.listen();
    return fake;
  }

  get address(): string {
    return `127.0.0.1:${this.server.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }

  private handlers(): auth.AuthServiceServer {
    const unasked = (): never => {
      throw new AntipodeError('unsupported', 'answering what registry never asks');
    };
    const validUntilMs = (): number => Date.now() + this.validForMs;
    return {
      authorize: answerUnary(unasked),
      identifyKey: answerUnary(unasked),
      noticeUnknownKeys: answerUnary(unasked),
      getRelayCredential: answerUnary(unasked),
      identifyPerson: this.answer('identifyPerson', ({ proof, workspace }: auth.IdentifyPersonRequest) => {
        this.workspaces.add(workspace);
        const { id: personId, displayName, roles } = this.find(proof);
        const role = roles[workspace.startsWith('{') ? this.named : workspace];
        const is = role ? ROLE[role] : WORKSPACE_ROLE_STRANGER;
        return { personId, displayName, role: is, validUntilMs: validUntilMs() };
      }),
      listWorkspaces: this.answer('listWorkspaces', ({ proof }: auth.ListWorkspacesRequest) => ({
        workspaces: Object.entries(this.find(proof).roles).map(([slug, role]) => ({
          slug,
          role: ROLE[role],
        })),
      })),
      listReadable: this.answer('listReadable', ({ proof }: auth.ListReadableRequest) => ({
        repositoryIds: [...(this.find(proof).readable ?? [])],
        validUntilMs: validUntilMs(),
      })),
      getAccountToken: this.answer(
        'getAccountToken',
        ({ accountId, refused }: auth.GetAccountTokenRequest) => {
          const renewed = this.renewed.get(refused);
          if (renewed !== undefined) this.tokens.set(accountId, renewed);
          const accessToken = this.tokens.get(accountId);
          if (accessToken === undefined) throw new AntipodeError('unauthenticated', 'giving a token');
          return {
            accessToken,
            displayName: this.people.find(({ id }) => id === accountId)?.displayName ?? '',
          };
        },
      ),
    };
  }

  private answer<Request, Response>(
    name: string,
    work: (request: Request) => Response,
  ): ReturnType<typeof answerUnary<Request, Response>> {
    return answerUnary((request: Request) => {
      this.asked.push(name);
      this.addresses.push((request as { clientAddress?: string }).clientAddress);
      if (this.failure) throw this.failure;
      return Promise.resolve(work(request));
    });
  }

  private find(proof: auth.PersonProof | undefined): FakePerson {
    const person = this.people.find(({ proofs }) => proofs.includes(proof?.proof?.value ?? ''));
    if (!person) throw new AntipodeError('unauthenticated', 'identifying a person');
    return person;
  }
}

/** The header of somebody who shows an API token. */
export const basic = (user: string, token: string): string =>
  `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
