import { lfs } from '@antipode/contracts';
import { AntipodeError } from '@antipode/errors';
import { answerStream, answerUnary, RpcServer, type CallContext } from '@antipode/rpc';

type Fill = AsyncIterable<lfs.FollowFillResponse>;

export const state = (missing: number, presentBytes = 0, failed = 0): lfs.FollowFillResponse => ({
  missing,
  missingBytes: missing * 10,
  failed,
  present: 0,
  presentBytes,
});

async function* allHere(): Fill {
  yield Promise.resolve(state(0));
}

/** The LFS service as sync sees it: it hears of pointers and tells how bringing goes on. On a real gRPC port. */
export class FakeLfs implements AsyncDisposable {
  /** Every call that noted pointers. */
  readonly taken: lfs.TakePointersRequest[] = [];
  follows = 0;
  /** How bringing goes on; replaced by tests. */
  fill: (call: CallContext) => Fill = allHere;
  /** While true, nothing is noted. */
  refuses = false;
  private server: RpcServer | undefined;
  private port = 0;

  async start(): Promise<this> {
    const server = new RpcServer(`127.0.0.1:${this.port}`);
    server.add(lfs.LfsServiceService, {
      batch: answerUnary(() => Promise.reject(new Error('not here'))),
      takePointers: answerUnary((request: lfs.TakePointersRequest) => this.take(request)),
      followFill: answerStream((_: lfs.FollowFillRequest, call) => {
        this.follows += 1;
        return this.fill(call);
      }),
    });
    await server.listen();
    this.port = server.port;
    this.server = server;
    return this;
  }

  /** Comes back, on `start`, where it was. */
  async stop(): Promise<void> {
    await this.server?.close();
    this.server = undefined;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get calls(): number {
    return this.taken.length + this.follows;
  }

  /** The object ids that were noted for a repository, once each, in no order. */
  oids(id: string): string[] {
    const objects = this.taken
      .filter(({ repositoryId }) => repositoryId === id)
      .flatMap((call) => call.objects);
    return [...new Set(objects.map(({ oid }) => oid))].sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private take(request: lfs.TakePointersRequest): Promise<lfs.TakePointersResponse> {
    if (this.refuses) throw new AntipodeError('internal', 'noting pointers');
    this.taken.push(request);
    return Promise.resolve({});
  }
}
