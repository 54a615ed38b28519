import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { auth, lfs, registry, sync } from '@antipode/contracts';
import { AntipodeError, type Code } from '@antipode/errors';
import { createPrimary, primarySettings, type Primary } from '@antipode/primary';
import { answerStream, answerUnary, RpcServer } from '@antipode/rpc';
import { z } from 'zod';
import { FakeLfs } from './fake-lfs.js';
import type { GivenMirrors } from './given-mirrors.js';

export interface Asked {
  authorize: number;
  ensureFresh: number;
  learn: number;
  identifyKey: number;
  relayCredential: number;
}

/** Somebody whose SSH key is known, and what that proves at the primary. */
export interface KnownKey {
  readonly holder: auth.KeyHolder;
  readonly displayName: string;
  /** The header with which the primary is asked, and takes relayed requests, on the holder's behalf. */
  readonly authorization: string;
  /** What the holder may do; by default both. An access key only reads. */
  readonly rights?: readonly auth.Right[];
}

/** auth, registry, sync and lfs as real gRPC servers: auth asks the primary, sync fetches from it. */
export class FakeNeighbours {
  readonly asked: Asked = { authorize: 0, ensureFresh: 0, learn: 0, identifyKey: 0, relayCredential: 0 };
  /** Failures on request, by method. */
  readonly failing: Partial<
    Record<'authorize' | 'ensureFresh' | 'identifyKey' | 'reportTraffic', AntipodeError>
  > = {};
  /** Who holds which public key (SSH's wire format, base64). Tests set and delete. */
  readonly keys = new Map<string, KnownKey>();
  /** From where those come about whom auth was asked, the last one last. */
  readonly addresses: string[] = [];
  /** Paths for which strangers' keys were noticed. */
  readonly noticed: string[] = [];
  /** How long a verdict may be remembered. */
  verdictMs = 60_000;
  /** What the edge has told of its traffic. */
  readonly traffic: registry.ReportTrafficRequest[] = [];
  readonly lfs = new FakeLfs();
  private connection: registry.ConnectionNews | undefined;
  private readonly changes = new EventEmitter();
  private readonly primary: Primary;

  private constructor(
    private readonly server: RpcServer,
    private readonly options: {
      primaryUrl: string;
      mirrors: GivenMirrors;
      settings: Readonly<Record<string, string>>;
    },
  ) {
    this.primary = createPrimary(
      z.object(primarySettings).parse({ PRIMARY_GIT_URL: options.primaryUrl, ...options.settings }),
    );
  }

  static async open(options: {
    primaryUrl: string;
    mirrors: GivenMirrors;
    settings: Readonly<Record<string, string>>;
  }): Promise<FakeNeighbours> {
    const server = new RpcServer('127.0.0.1:0');
    const fakes = new FakeNeighbours(server, options);
    server.add(auth.AuthServiceService, {
      authorize: answerUnary((request: auth.AuthorizeRequest) => fakes.authorize(request)),
      identifyKey: answerUnary((request: auth.IdentifyKeyRequest) => fakes.identifyKey(request)),
      noticeUnknownKeys: answerUnary((request: auth.NoticeUnknownKeysRequest) => fakes.notice(request)),
      getRelayCredential: answerUnary((request: auth.GetRelayCredentialRequest) => fakes.lend(request)),
    });
    server.add(sync.SyncServiceService, {
      ensureFresh: answerUnary((request: sync.EnsureFreshRequest) => fakes.ensureFresh(request)),
      requestSync: answerUnary(() => Promise.resolve({})),
    });
    server.add(lfs.LfsServiceService, fakes.lfs.service());
    server.add(registry.RegistryServiceService, fakes.registry());
    await server.listen();
    return fakes;
  }

  get address(): string {
    return `127.0.0.1:${this.server.port}`;
  }

  async close(): Promise<void> {
    this.changes.emit('end');
    await this.server.close();
  }

  /** Whether the neighbours can be reached at all. */
  failAll(code: Code): void {
    this.failing.authorize = new AntipodeError(code, 'failing on request');
    this.failing.ensureFresh = new AntipodeError(code, 'failing on request');
  }

  private async authorize(request: auth.AuthorizeRequest): Promise<auth.AuthorizeResponse> {
    this.asked.authorize += 1;
    this.addresses.push(request.clientAddress);
    if (this.failing.authorize) throw this.failing.authorize;
    const known = request.keyHolder && this.keyOf(request.keyHolder, request.right);
    const authorization = known?.authorization ?? (request.authorization || undefined);
    await this.askPrimary(request, authorization);
    return {
      principal: known ? `holder-${known.displayName}` : authorization ? 'somebody-known' : '',
      validUntilMs: Date.now() + this.verdictMs,
      outage: false,
    };
  }

  private async askPrimary(
    { repositoryPath: path, right: asked }: Pick<auth.AuthorizeRequest, 'repositoryPath' | 'right'>,
    authorization: string | undefined,
  ): Promise<void> {
    const right = asked === auth.Right.RIGHT_WRITE ? 'write' : 'read';
    const verdict = await this.primary.authorize({ path, right, authorization });
    // The test's primary says only "no" to a stranger, as a host that hides does.
    if (verdict.kind === 'denied' && verdict.message === 'no') throw new AntipodeError('not_found', 'asking');
    if (verdict.kind === 'denied') throw new AntipodeError('denied', 'asking', {}, { hint: verdict.message });
    if (verdict.kind !== 'allowed') throw new AntipodeError(verdict.kind, 'asking');
  }

  private identifyKey(request: auth.IdentifyKeyRequest): Promise<auth.IdentifyKeyResponse> {
    const { publicKey, clientAddress } = request;
    this.asked.identifyKey += 1;
    this.addresses.push(clientAddress);
    if (this.failing.identifyKey) return Promise.reject(this.failing.identifyKey);
    const known = this.keys.get(Buffer.from(publicKey).toString('base64'));
    return Promise.resolve({ holder: known?.holder, displayName: known?.displayName ?? '' });
  }

  private notice({ repositoryPath }: auth.NoticeUnknownKeysRequest): Promise<auth.NoticeUnknownKeysResponse> {
    this.noticed.push(repositoryPath);
    return Promise.resolve({});
  }

  private async lend(request: auth.GetRelayCredentialRequest): Promise<auth.GetRelayCredentialResponse> {
    this.asked.relayCredential += 1;
    if (!request.keyHolder) throw new AntipodeError('invalid', 'lending without a holder');
    const { authorization } = this.keyOf(request.keyHolder, request.right);
    await this.askPrimary(request, authorization);
    return { authorization };
  }

  private keyOf(holder: auth.KeyHolder, right: auth.Right): KnownKey {
    const name = JSON.stringify(holder);
    const known = [...this.keys.values()].find((key) => JSON.stringify(key.holder) === name);
    if (!known) throw new AntipodeError('unauthenticated', 'asking for an unlinked holder');
    if (known.rights && !known.rights.includes(right))
      throw new AntipodeError('denied', 'asking', {}, { hint: 'This access key may only read.' });
    return known;
  }

  private async ensureFresh({ repositoryId }: sync.EnsureFreshRequest): Promise<sync.EnsureFreshResponse> {
    this.asked.ensureFresh += 1;
    if (this.failing.ensureFresh) throw this.failing.ensureFresh;
    const epoch = await this.options.mirrors.sync(repositoryId);
    return { epoch, confirmedAtMs: Date.now() };
  }

  private registry(): registry.RegistryServiceServer {
    const unused = answerUnary(() => Promise.reject(new AntipodeError('unsupported', 'not in this test')));
    return {
      watchRepositories: answerStream((_, call) => this.watch(call.signal)),
      learnRepository: answerUnary((request: registry.LearnRepositoryRequest) => this.learn(request.path)),
      getConnection: unused,
      reportSync: unused,
      reportLfs: unused,
      reportRuns: unused,
      reportTraffic: answerUnary((request: registry.ReportTrafficRequest) => {
        if (this.failing.reportTraffic) return Promise.reject(this.failing.reportTraffic);
        this.traffic.push(request);
        return Promise.resolve({});
      }),
      getSelection: unused,
      setSelection: unused,
    };
  }

  /** As if an administrator had taken it out of the selection. */
  deselect(id: string): void {
    this.changes.emit('removed', id);
  }

  /** What the registry says of the mirror's tie to a workspace. */
  tellConnection(news: registry.ConnectionNews): void {
    this.connection = news;
    this.changes.emit('connection');
  }

  private async *watch(signal: AbortSignal): AsyncGenerator<registry.WatchRepositoriesResponse> {
    let sent = 0;
    let completed = false;
    let told: registry.ConnectionNews | undefined;
    const take = () => this.options.mirrors.selected.slice(sent);
    for (;;) {
      for (const repository of take()) {
        sent += 1;
        yield { event: { $case: 'upserted', value: repository } };
      }
      if (told !== this.connection) {
        told = this.connection;
        if (told) yield { event: { $case: 'connection', value: told } };
      }
      if (!completed) yield { event: { $case: 'complete', value: {} } };
      completed = true;
      const ended = once(this.changes, 'end').then(() => 'end');
      const changed = once(this.options.mirrors.events, 'selected').then(() => 'more');
      const removed = once(this.changes, 'removed').then(([id]: string[]) => ({ id: id ?? '' }));
      const connection = once(this.changes, 'connection').then(() => 'more');
      const news = await Promise.race([ended, changed, removed, connection]);
      if (news === 'end' || signal.aborted) return;
      if (typeof news === 'object') yield { event: { $case: 'removed', value: news.id } };
    }
  }

  private learn(path: string): Promise<registry.LearnRepositoryResponse> {
    this.asked.learn += 1;
    const repository = registry.Repository.fromPartial({ id: randomUUID(), path });
    this.options.mirrors.selected.push(repository);
    return Promise.resolve({ repository });
  }
}
