import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { ByteRange } from '@antipode/blob-store';
import { parseRange } from '@antipode/http-door';
import type { Knowledge, Objects } from '../objects/objects.js';
import type { Exchange } from './exchange.js';

/** `GET|HEAD /-/lfs/download/…`: the bytes of an object, from here or while they come. */
export class DownloadRoute {
  constructor(
    private readonly objects: Objects,
    private readonly knowledge: Pick<Knowledge, 'sourceOf'>,
  ) {}

  /** @throws AntipodeError before the first byte; later failures break the connection. */
  async answer({ request, response, ticket, signal }: Exchange): Promise<void> {
    const { oid, size, repositoryId } = ticket;
    // We give no validators, so a condition on them cannot hold. RFC 9110 §13.1.5.
    const header = request.headers['if-range'] === undefined ? request.headers.range : undefined;
    const asked = parseRange(header, size);
    if (asked.kind === 'unsatisfiable') return refuseRange(response, size);
    const range = asked.kind === 'part' ? asked.range : undefined;
    if (request.method === 'HEAD') return void begin(response, size, range).end();
    const object = { oid, size };
    const source = this.knowledge.sourceOf(repositoryId, object);
    const stream = await this.objects.open(object, source, range, signal);
    // However it fails, the connection breaks: half an object must never look like a whole one.
    await pipeline(stream, begin(response, size, range));
  }
}

function begin(response: ServerResponse, size: number, range: ByteRange | undefined): ServerResponse {
  const length = range ? range.last - range.first + 1 : size;
  return response.writeHead(range ? 206 : 200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': length,
    'Accept-Ranges': 'bytes',
    ...(range ? { 'Content-Range': `bytes ${range.first}-${range.last}/${size}` } : {}),
    // Somebody's bytes on the mirror's own address: a browser must neither guess what they are nor show them.
    'X-Content-Type-Options': 'nosniff',
    'Content-Disposition': 'attachment',
  });
}

function refuseRange(response: ServerResponse, size: number): void {
  response.writeHead(416, { 'Content-Range': `bytes */${size}`, 'Content-Length': 0 }).end();
}
