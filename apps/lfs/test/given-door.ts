import { request as send, type IncomingMessage, type ClientRequest } from 'node:http';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { openTicketKey, writeTicket, type LfsObject, type Ticket } from '@antipode/lfs-wire';
import { DownloadRoute } from '../src/http/download-route.js';
import { LfsDoor } from '../src/http/lfs-door.js';
import { UploadRoute } from '../src/http/upload-route.js';
import { VerifyRoute } from '../src/http/verify-route.js';
import type { Source } from '../src/objects/objects.js';
import { sealAction, SEALED_ACTION_HEADER, type PrimaryAction } from '../src/uploads/sealed-action.js';
import { Verifications } from '../src/uploads/verifications.js';
import type { OpenBytes } from './open-bytes.js';

export const SECRET = 'ab'.repeat(32);
export const REPOSITORY = '11111111-2222-3333-4444-555555555555';
const KEY = openTicketKey(SECRET);

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface GivenDoor extends AsyncDisposable {
  readonly port: number;
}

/** The door, open before those bytes. */
export async function givenDoor(bytes: OpenBytes, source: Source): Promise<GivenDoor> {
  const door = new LfsDoor({
    host: '127.0.0.1',
    port: 0,
    key: KEY,
    routes: {
      download: new DownloadRoute(bytes.objects, { sourceOf: () => source }),
      upload: new UploadRoute(bytes.uploads, SECRET),
      verify: new VerifyRoute(new Verifications(bytes.storage), SECRET),
    },
    shutdownMs: 0,
    onClosed: (late) => bytes.uploads.close(late),
    idleMs: 5000,
    logger: bytes.logger,
  });
  await door.onApplicationBootstrap();
  return {
    port: door.port,
    [Symbol.asyncDispose]: () => door.beforeApplicationShutdown(),
  };
}

export const ticketFor = (object: LfsObject, ticket: Partial<Ticket> = {}): string =>
  writeTicket(
    {
      action: 'download',
      repositoryId: REPOSITORY,
      ...object,
      expiresAt: Math.floor(Date.now() / 1000) + 60,
      ...ticket,
    },
    KEY,
  );

export const sealed = (
  kind: 'upload' | 'verify',
  object: LfsObject,
  action: PrimaryAction,
): Record<string, string> => ({
  [SEALED_ACTION_HEADER]: sealAction(action, SECRET, { kind, repositoryId: REPOSITORY, ...object }),
});

export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string | number>;
  readonly body?: Buffer | string;
}

/** Begins a request; its body is the caller's to send. */
export const begin = ({ port }: GivenDoor, path: string, { method, headers }: Asked): ClientRequest => {
  const request = send({ host: '127.0.0.1', port, path, method: method ?? 'GET', headers: headers ?? {} });
  request.on('error', () => undefined);
  return request;
};

export async function answerTo(request: ClientRequest): Promise<Answered> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = await buffer(response);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

export async function ask(door: GivenDoor, path: string, asked: Asked = {}): Promise<Answered> {
  const request = begin(door, path, asked);
  request.end(asked.body);
  return answerTo(request);
}
