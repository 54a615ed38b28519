import type { IncomingMessage } from 'node:http';
import { AntipodeError } from '@antipode/errors';
import type { LfsObject } from '@antipode/lfs-wire';
import { letContinue } from '@antipode/http-door';
import { openAction, SEALED_ACTION_HEADER } from '../uploads/sealed-action.js';
import type { Verifications } from '../uploads/verifications.js';
import type { Exchange } from './exchange.js';
import { sendRefusal } from './lfs-answer.js';

const MAX_BODY_BYTES = 64 * 1024;

/** `POST /-/lfs/verify/…`: whether the primary has what was uploaded, in its own words. */
export class VerifyRoute {
  constructor(
    private readonly verifications: Verifications,
    private readonly secretKey: string,
  ) {}

  /** @throws AntipodeError `denied`, `invalid` (another object than the ticket's), `too_large`, `primary_*`. */
  async answer({ request, response, ticket, signal }: Exchange): Promise<void> {
    const { oid, size, repositoryId } = ticket;
    const sealed = request.headers[SEALED_ACTION_HEADER.toLowerCase()];
    const bound = { kind: 'verify', repositoryId, oid, size } as const;
    const action = openAction(typeof sealed === 'string' ? sealed : undefined, this.secretKey, bound);
    letContinue(request, response);
    const told = await readObject(request);
    if (told.oid !== oid || told.size !== size) throw otherObject();
    const outcome = await this.verifications.relay({ oid, size }, action, signal);
    if (outcome.status < 300) response.writeHead(outcome.status, { 'Content-Length': 0 }).end();
    else sendRefusal(response, outcome);
  }
}

async function readObject(request: IncomingMessage): Promise<Partial<LfsObject>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new AntipodeError('too_large', 'reading a verification');
    chunks.push(chunk);
  }
  try {
    const told: unknown = JSON.parse(Buffer.concat(chunks).toString());
    return typeof told === 'object' && told !== null ? told : {};
  } catch {
    throw otherObject();
  }
}

const otherObject = (): AntipodeError =>
  new AntipodeError(
    'invalid',
    'reading a verification',
    {},
    { hint: 'The request names another object than its link.' },
  );
