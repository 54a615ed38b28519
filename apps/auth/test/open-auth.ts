import { Writable } from 'node:stream';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { auth } from '@antipode/contracts';
import { callUnary, openClient } from '@antipode/rpc';
import { HealthChecks, LOGGER } from '@antipode/service-kit';
import { pino } from 'pino';
import { AuthModule } from '../src/auth.module.js';
import { AuthorizeRpc } from '../src/authorize/authorize.rpc.js';
import { readConfig } from '../src/config.js';
import { LinkServer } from '../src/link/link.server.js';
import { wireFormat } from './ssh-keys.js';

export interface Asked {
  readonly path: string;
  readonly right?: 'read' | 'write';
  readonly authorization?: string;
  readonly holder?: auth.KeyHolder | undefined;
  readonly from?: string;
}

export interface OpenAuth extends AsyncDisposable {
  /** Asks over gRPC, as the edge does. */
  ask(asked: Asked): Promise<auth.AuthorizeResponse>;
  /** "allowed", or the code of the refusal. */
  outcome(asked: Asked): Promise<string>;
  /** Whose key it is. @param publicKey the line of `….pub` */
  identify(publicKey: string, from?: string): Promise<auth.IdentifyKeyResponse>;
  readonly client: auth.AuthServiceClient;
  /** Base of the link pages. */
  readonly web: string;
  /** A part of the service, for what no RPC shows. */
  part<T>(type: Type<T>): T;
  readonly health: HealthChecks;
  /** Everything that was logged, at the most talkative level. */
  log(): string;
}

export const SECRET_KEY = '5e'.repeat(32);

/** One instance of the auth service, as its process runs it, on a port of its own. */
export async function openAuth(env: Readonly<Record<string, string>>): Promise<OpenAuth> {
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
      imports: [{ module: KitModule, global: true, providers: kit, exports: kit }, AuthModule.with(config)],
    },
    { logger: false, abortOnError: false },
  );
  const client = openClient(auth.AuthServiceClient, `127.0.0.1:${app.get(AuthorizeRpc).server.port}`);
  const ask = ({
    path,
    right = 'read',
    authorization = '',
    holder,
    from = '192.0.2.1',
  }: Asked): Promise<auth.AuthorizeResponse> =>
    callUnary(
      client,
      'authorize',
      {
        repositoryPath: path,
        right: right === 'read' ? auth.Right.RIGHT_READ : auth.Right.RIGHT_WRITE,
        authorization,
        clientAddress: from,
        keyHolder: holder,
      },
      { timeoutMs: 30_000 },
    );
  return {
    ask,
    outcome: (asked) =>
      ask(asked).then(
        () => 'allowed',
        (error: { code: string }) => error.code,
      ),
    identify: (publicKey, from = '192.0.2.1') =>
      callUnary(
        client,
        'identifyKey',
        { publicKey: wireFormat(publicKey), clientAddress: from },
        { timeoutMs: 30_000 },
      ),
    client,
    web: `http://127.0.0.1:${app.get(LinkServer).port}`,
    part: (type) => app.get(type),
    health,
    log: () => lines.join(''),
    [Symbol.asyncDispose]: async () => {
      client.close();
      await app.close();
    },
  };
}
