import { Writable } from 'node:stream';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { lfs } from '@antipode/contracts';
import { callUnary, openClient, readStatus } from '@antipode/rpc';
import { HealthChecks, LOGGER } from '@antipode/service-kit';
import { pino } from 'pino';
import { readConfig } from '../src/config.js';
import { lfsModule } from '../src/lfs.module.js';
import { LfsServer } from '../src/lfs.server.js';

export const SECRET_KEY = '5e'.repeat(32);

export interface LfsObject {
  readonly oid: string;
  readonly size: number;
}

export interface AskedBatch {
  readonly path: string;
  readonly objects: readonly LfsObject[];
  readonly operation?: 'download' | 'upload';
  readonly ref?: string;
  /** Absent: the primary must not be asked; '': as the connection. */
  readonly authorization?: string;
}

/** LfsService as its callers see it. */
export class LfsCaller {
  readonly client: lfs.LfsServiceClient;

  constructor(
    address: string,
    private readonly idOf: (path: string) => string,
  ) {
    this.client = openClient(lfs.LfsServiceClient, address);
  }

  async batch(asked: AskedBatch): Promise<lfs.AnsweredObject[]> {
    const { path, objects, operation = 'download', ref = '', authorization } = asked;
    const request = {
      repositoryId: this.idOf(path),
      repositoryPath: path,
      operation: operation === 'upload' ? lfs.Operation.OPERATION_UPLOAD : lfs.Operation.OPERATION_DOWNLOAD,
      objects: [...objects],
      ref,
      primary: authorization === undefined ? undefined : { authorization },
    };
    return (await callUnary(this.client, 'batch', request, { timeoutMs: 30_000 })).objects;
  }

  async take(path: string, ...objects: readonly LfsObject[]): Promise<void> {
    const repositoryId = this.idOf(path);
    for (let at = 0; at < objects.length; at += 1000) {
      const request = { repositoryId, objects: objects.slice(at, at + 1000) };
      await callUnary(this.client, 'takePointers', request, { timeoutMs: 30_000 });
    }
  }

  /** Follows until the stream ends; all that it told. */
  async follow(path: string): Promise<lfs.FollowFillResponse[]> {
    const told: lfs.FollowFillResponse[] = [];
    const stream = this.client.followFill({ repositoryId: this.idOf(path) });
    await new Promise<void>((resolve, reject) => {
      stream.on('data', (message: lfs.FollowFillResponse) => told.push(message));
      stream.on('end', resolve);
      stream.on('error', (error) => reject(readStatus(error as never, 'followFill')));
    });
    return told;
  }

  /** Takes pointers and follows to the end; what was told last. */
  async fill(path: string, ...objects: readonly LfsObject[]): Promise<lfs.FollowFillResponse> {
    await this.take(path, ...objects);
    const last = (await this.follow(path)).at(-1);
    if (!last) throw new Error('nothing was told');
    return last;
  }
}

export interface OpenLfs extends AsyncDisposable {
  readonly caller: LfsCaller;
  readonly health: HealthChecks;
  /** A part of the service, for what no RPC shows. */
  part<T>(type: Type<T> | symbol): T;
  /** Everything that was logged, at the most talkative level. */
  log(): string;
}

/** One instance of the service, as its process runs it, on ports of its own. */
export async function openLfs(
  env: Readonly<Record<string, string>>,
  idOf: (path: string) => string,
): Promise<OpenLfs> {
  const config = readConfig({ GRPC_LISTEN: '127.0.0.1:0', HTTP_PORT: '0', SECRET_KEY, ...env });
  const lines: string[] = [];
  const sink = new Writable({ write: (chunk: Buffer, _, done) => done(void lines.push(chunk.toString())) });
  const health = new HealthChecks();
  const kit = [
    { provide: LOGGER, useValue: pino({ level: 'trace' }, sink) },
    { provide: HealthChecks, useValue: health },
  ];
  class KitModule {}
  Module({})(KitModule);
  class RootModule {}
  Module({})(RootModule);
  const app = await NestFactory.createApplicationContext(
    {
      module: RootModule,
      imports: [{ module: KitModule, global: true, providers: kit, exports: kit }, lfsModule(config)],
    },
    { logger: false, abortOnError: false },
  );
  const caller = new LfsCaller(`127.0.0.1:${app.get(LfsServer).port}`, idOf);
  return {
    caller,
    health,
    part: (type) => app.get(type),
    log: () => lines.join(''),
    [Symbol.asyncDispose]: async () => {
      caller.client.close();
      await app.close();
    },
  };
}
