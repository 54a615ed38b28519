import { createHash, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { S3Refusal } from './s3-refusal.js';

export interface S3Question {
  readonly method: string;
  /** Empty: the bucket itself. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

interface PartsUpload {
  readonly key: string;
  readonly initiated: Date;
  readonly parts: Map<number, Buffer>;
}

/** The least that a part may have, the last one excepted. */
const LEAST_PART = 5 * 1024 * 1024;

/** The part of S3 that keeping blobs needs, over one bucket in memory. Anything else is refused, loudly. */
export class S3Bucket {
  readonly objects = new Map<string, Buffer>();
  readonly uploads = new Map<string, PartsUpload>();

  constructor(private readonly pageSize: number) {}

  answer(question: S3Question): S3Answer {
    const { method, key, query } = question;
    if (key === '') return this.answerBucket(question);
    if (query.has('uploads') || query.has('uploadId')) return this.answerUpload(question);
    if (method === 'GET' || method === 'HEAD') return this.get(question);
    if (method === 'PUT') return this.put(question);
    if (method !== 'DELETE') throw new S3Refusal(405, 'MethodNotAllowed');
    this.objects.delete(key);
    return { status: 204 };
  }

  private answerBucket({ method, query }: S3Question): S3Answer {
    if (method === 'HEAD') return { status: 200 };
    if (method === 'GET' && query.get('list-type') === '2') return this.list(query);
    if (method === 'GET' && query.has('uploads')) return this.listUploads();
    throw new S3Refusal(501, 'NotImplemented');
  }

  private list(query: URLSearchParams): S3Answer {
    const after = query.get('continuation-token') ?? '';
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '')).sort();
    const rest = keys.filter((key) => key > after);
    const page = rest.slice(0, this.pageSize);
    const contents = page.map((key) =>
      element('Contents', [
        ['Key', key],
        ['Size', String(this.objects.get(key)?.length)],
      ]),
    );
    const more = rest.length > page.length;
    const next = more ? element('NextContinuationToken', page.at(-1) ?? '') : '';
    return xml('ListBucketResult', `${contents.join('')}${element('IsTruncated', String(more))}${next}`);
  }

  private listUploads(): S3Answer {
    const uploads = [...this.uploads].map(([id, { key, initiated }]) =>
      element('Upload', [
        ['Key', key],
        ['UploadId', id],
        ['Initiated', initiated.toISOString()],
      ]),
    );
    return xml('ListMultipartUploadsResult', uploads.join(''));
  }

  private get({ method, key, query, headers }: S3Question): S3Answer {
    const whole = this.objects.get(key);
    if (!whole) throw new S3Refusal(404, 'NoSuchKey');
    const etag = etagOf(whole);
    if (headers['if-match'] !== undefined && headers['if-match'] !== etag)
      throw new S3Refusal(412, 'PreconditionFailed');
    const type = query.get('response-content-type') ?? 'binary/octet-stream';
    const disposition = query.get('response-content-disposition');
    const common = {
      etag,
      'content-type': type,
      'accept-ranges': 'bytes',
      ...(disposition === null ? {} : { 'content-disposition': disposition }),
    };
    const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
    if (!range)
      return {
        status: 200,
        headers: { ...common, 'content-length': String(whole.length) },
        body: method === 'HEAD' ? '' : whole,
      };
    const first = Number(range[1]);
    const last = Math.min(range[2] === '' ? Infinity : Number(range[2]), whole.length - 1);
    if (first > last) throw new S3Refusal(416, 'InvalidRange');
    const body = whole.subarray(first, last + 1);
    const part = {
      'content-range': `bytes ${first}-${last}/${whole.length}`,
      'content-length': String(body.length),
    };
    return { status: 206, headers: { ...common, ...part }, body: method === 'HEAD' ? '' : body };
  }

  private put(question: S3Question): S3Answer {
    const { key, body } = question;
    requireChecksum(question);
    this.objects.set(key, body);
    return { status: 200, headers: { etag: etagOf(body) } };
  }

  private answerUpload(question: S3Question): S3Answer {
    const { method, key, query } = question;
    if (method === 'POST' && query.has('uploads')) {
      const id = randomUUID();
      this.uploads.set(id, { key, initiated: new Date(), parts: new Map() });
      return xml('InitiateMultipartUploadResult', element('UploadId', id));
    }
    const id = query.get('uploadId') ?? '';
    const upload = this.uploads.get(id);
    if (upload?.key !== key) throw new S3Refusal(404, 'NoSuchUpload');
    if (method === 'PUT') return putPart(question, upload);
    if (method === 'POST') this.objects.set(key, joinParts(question, upload));
    else if (method !== 'DELETE') throw new S3Refusal(405, 'MethodNotAllowed');
    this.uploads.delete(id);
    return method === 'POST' ? xml('CompleteMultipartUploadResult', element('Key', key)) : { status: 204 };
  }
}

function putPart(question: S3Question, upload: PartsUpload): S3Answer {
  const checksum = requireChecksum(question);
  upload.parts.set(Number(question.query.get('partNumber')), question.body);
  return { status: 200, headers: { etag: etagOf(question.body), 'x-amz-checksum-sha256': checksum } };
}

function joinParts({ body }: S3Question, { parts }: PartsUpload): Buffer {
  const named = [...body.toString().matchAll(/<Part>.*?<\/Part>/gs)].map(([part]) => ({
    number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
    etag: /<ETag>(.*?)<\/ETag>/.exec(part)?.[1]?.replaceAll('&quot;', '"'),
  }));
  const found = named.map(({ number, etag }) => {
    const bytes = parts.get(number);
    if (!bytes || etagOf(bytes) !== etag) throw new S3Refusal(400, 'InvalidPart');
    return bytes;
  });
  if (named.some(({ number }, at) => number <= (named[at - 1]?.number ?? 0)))
    throw new S3Refusal(400, 'InvalidPartOrder');
  if (found.length === 0) throw new S3Refusal(400, 'MalformedXML');
  if (found.slice(0, -1).some(({ length }) => length < LEAST_PART))
    throw new S3Refusal(400, 'EntityTooSmall');
  return Buffer.concat(found);
}

/** @returns the checksum of what came, in S3's writing. */
function requireChecksum({ headers, body }: S3Question): string {
  const actual = createHash('sha256').update(body).digest('base64');
  const claimed = headers['x-amz-checksum-sha256'];
  // S3 takes uploads without; ours always have it.
  if (claimed === undefined) throw new S3Refusal(400, 'InvalidRequest');
  if (claimed !== actual) throw new S3Refusal(400, 'BadDigest');
  return actual;
}

const etagOf = (bytes: Buffer): string => `"${createHash('md5').update(bytes).digest('hex')}"`;

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

const element = (name: string, content: string | readonly (readonly [string, string])[]): string =>
  `<${name}>${typeof content === 'string' ? escape(content) : content.map(([inner, text]) => element(inner, text)).join('')}</${name}>`;

const xml = (name: string, content: string): S3Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?><${name}>${content}</${name}>`,
});
