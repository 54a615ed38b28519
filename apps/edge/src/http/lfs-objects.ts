import type { KeyObject } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { openBlob, type ByteRange } from '@antipode/blob-store';
import { AntipodeError } from '@antipode/errors';
import { readTicket, type Ticket, type TicketAction } from '@antipode/lfs-wire';
import type { RepositoryTable } from '@antipode/rpc';
import { parseRange } from '@antipode/http-door';
import type { Exchange } from './exchange.js';
import { answeringInJson, refuseLfs } from './lfs-refusal.js';
import type { ObjectProxy } from './object-proxy.js';
import { dropNodeHeaders } from './respond.js';
import { relativeTarget } from './routes.js';
import { sendFile } from './send-file.js';
import type { StreamLimits } from './stream-answer.js';

export interface LfsObjectsOptions {
  /** The root of this node's store of blobs: `<ANTIPODE_DATA>/lfs`. */
  readonly root: string;
  readonly ticketKey: KeyObject;
  readonly primaryName: string;
  readonly table: Pick<RepositoryTable, 'get'>;
  readonly proxy: ObjectProxy;
  readonly limits: StreamLimits;
}

const METHODS: Record<TicketAction, readonly string[]> = {
  download: ['GET', 'HEAD'],
  upload: ['PUT'],
  verify: ['POST'],
};

/**
 * `/-/lfs/…`: the objects themselves, for whoever has a ticket. It was written for one repository, one object and one
 * action, so nothing else is asked; what is on this node's disk is sent from there, all else is the lfs service's.
 */
export class LfsObjects {
  constructor(private readonly options: LfsObjectsOptions) {}

  close(): void {
    this.options.proxy.close();
  }

  answer(exchange: Exchange): Promise<void> {
    const { response, knock } = exchange;
    const primary = this.options.primaryName;
    return answeringInJson({ response, visit: knock.visit, primary, door: 'storage' }, () =>
      this.serve(exchange),
    );
  }

  private async serve(exchange: Exchange): Promise<void> {
    const { request, response, knock } = exchange;
    const target = relativeTarget(request.url ?? '');
    const ticket = readTicket(target, this.options.ticketKey, Date.now());
    // It may have left the selection since the ticket was written.
    if (!this.options.table.get(ticket.repositoryId))
      throw new AntipodeError('not_found', 'answering for a repository that is not mirrored');
    knock.visit.repositoryId = ticket.repositoryId;
    const methods = METHODS[ticket.action];
    if (!methods.includes(request.method ?? ''))
      return refuseLfs(response, knock.visit, {
        status: 405,
        sentence: `This link is for ${ticket.action}, and for nothing else.`,
        headers: { Allow: methods.join(', ') },
      });
    const file = ticket.action === 'download' ? await this.open(ticket) : undefined;
    if (!file) return this.options.proxy.relay(exchange, target, ticket.action);
    knock.visit.source = 'disk';
    try {
      await this.send(exchange, file, ticket);
    } finally {
      await file.close();
    }
  }

  /** Undefined where it is not here, or is not what the ticket says: the service knows what to do about that. */
  private async open({ oid, size }: Ticket): Promise<FileHandle | undefined> {
    const file = await openBlob(this.options.root, oid);
    if (!file) return undefined;
    const stat = await file.stat();
    if (stat.size === size && stat.isFile()) return file;
    await file.close();
    return undefined;
  }

  private async send(
    { request, response, knock }: Exchange,
    file: FileHandle,
    ticket: Ticket,
  ): Promise<void> {
    const { size } = ticket;
    const asked = parseRange(request.method === 'GET' ? request.headers.range : undefined, size);
    const headers = headersOf(ticket);
    dropNodeHeaders(response);
    if (asked.kind === 'unsatisfiable') {
      response.writeHead(416, { ...headers, 'Content-Range': `bytes */${size}`, 'Content-Length': 0 }).end();
      return;
    }
    const range: ByteRange = asked.kind === 'part' ? asked.range : { first: 0, last: size - 1 };
    const { first, last } = range;
    response.writeHead(asked.kind === 'part' ? 206 : 200, {
      ...headers,
      'Content-Type': 'application/octet-stream',
      'Content-Length': last - first + 1,
      ...(asked.kind === 'part' ? { 'Content-Range': `bytes ${first}-${last}/${size}` } : {}),
    });
    if (request.method === 'HEAD') return void response.end();
    await knock.visit.step('stream', () => sendFile(response, { file, range }, this.options.limits));
  }
}

/** Whoever opens the link in a browser gets a file, whatever is in it. */
const headersOf = ({ oid, expiresAt }: Ticket): Record<string, string> => ({
  'Accept-Ranges': 'bytes',
  'Content-Disposition': `attachment; filename="${oid}"`,
  'X-Content-Type-Options': 'nosniff',
  // The bytes never change, but the link's right to them ends.
  'Cache-Control': `private, max-age=${Math.max(0, Math.floor(expiresAt - Date.now() / 1000))}`,
});
