import { AntipodeError } from '@antipode/errors';
import { closeAfter, letContinue } from '@antipode/http-door';
import type { Uploads } from '../uploads/uploads.js';
import { openAction, SEALED_ACTION_HEADER } from '../uploads/sealed-action.js';
import type { Exchange } from './exchange.js';
import { sendRefusal } from './lfs-answer.js';

/** `PUT /-/lfs/upload/…`: on to the primary, and kept here. */
export class UploadRoute {
  constructor(
    private readonly uploads: Uploads,
    private readonly secretKey: string,
  ) {}

  /** @throws AntipodeError `denied`, `invalid` (not the bytes of the ticket), `primary_*`. */
  async answer({ request, response, ticket, signal }: Exchange): Promise<void> {
    const { oid, size, repositoryId } = ticket;
    const sealed = request.headers[SEALED_ACTION_HEADER.toLowerCase()];
    const bound = { kind: 'upload', repositoryId, oid, size } as const;
    const action = openAction(typeof sealed === 'string' ? sealed : undefined, this.secretKey, bound);
    const length = request.headers['content-length'];
    if (length !== undefined && Number(length) !== size) throw otherSize();
    letContinue(request, response);
    const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    const outcome = await this.uploads.relay({ repositoryId, object: { oid, size }, action, body }, signal);
    // The primary may have answered before it had read everything: then nobody waits for the rest.
    if (!request.complete) closeAfter(response);
    if (outcome.status < 300) response.writeHead(outcome.status, { 'Content-Length': 0 }).end();
    else sendRefusal(response, outcome);
  }
}

const otherSize = (): AntipodeError =>
  new AntipodeError(
    'invalid',
    'taking an upload',
    {},
    { hint: 'The upload has another size than its link was made for.' },
  );
