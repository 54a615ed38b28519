import { createHash } from 'node:crypto';
import { request, type Dispatcher } from 'undici';
import type { z } from 'zod';
import { AntipodeError } from '@antipode/errors';
import { connectionError } from '../../http/connection-error.js';
import { readBounded } from '../../http/read-bounded.js';
import { USER_AGENT } from '../../http/request-headers.js';
import type { ConnectionCredential } from '../../primary.js';
import { restAuthorization } from '../rest-authorization.js';
import { EtagCache } from './etag-cache.js';
import { pageOf } from './page.js';
import { restError } from './rest-error.js';
import { RETRY_TIMES, withRetry, type RetryTimes } from './retry.js';

const LARGEST_ANSWER_BYTES = 8 * 1024 * 1024;
/** 100,000 repositories; a list that goes on after that goes round in circles. */
const MOST_PAGES = 1000;
const DOING = 'asking the primary';

export interface RestOptions {
  readonly agent: Dispatcher;
  /** Such as https://api.bitbucket.org/2.0, without a slash at the end. */
  readonly base: string;
  readonly timeoutMs: number;
  readonly times?: RetryTimes;
}

export interface RestCall {
  readonly credential: ConnectionCredential;
  readonly signal: AbortSignal | undefined;
}

interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  /** Granted to the credential, where the answer says so. */
  readonly scopes: readonly string[] | undefined;
  /** The kind of the credential in the host's words ("api_token"), where the answer says so. */
  readonly kind: string | undefined;
  readonly body: unknown;
  readonly bytes: number;
}

/** Bitbucket's REST API, thinly: pages, ETags, patience, and no trust in what comes back. */
export class RestClient {
  private readonly cache = new EtagCache();

  constructor(private readonly options: RestOptions) {}

  /** Every page of a collection in the host's order; follows `next`, but to nowhere else than this API. */
  async *pages<Item>(
    path: string,
    query: Readonly<Record<string, string>>,
    item: z.ZodType<Item>,
    call: RestCall,
  ): AsyncGenerator<Item[]> {
    const schema = pageOf(item);
    let url: string | undefined = `${this.options.base}${path}?${new URLSearchParams(query).toString()}`;
    for (let count = 0; url !== undefined; count += 1) {
      if (count >= MOST_PAGES)
        throw new AntipodeError('primary_misbehaved', 'paging', { path, pages: count });
      const page = schema.safeParse(await this.get(url, call));
      if (!page.success) {
        throw new AntipodeError('primary_misbehaved', 'reading a page', {
          path,
          problems: problems(page.error),
        });
      }
      yield page.data.values;
      url = page.data.next === undefined ? undefined : this.ownUrl(page.data.next);
    }
  }

  /** One thing. */
  async one<Item>(path: string, schema: z.ZodType<Item>, call: RestCall): Promise<Item> {
    return read(schema, await this.get(`${this.options.base}${path}`, call), path);
  }

  /** One thing, asked for anew, with what the host says of the credential itself. */
  async look<Item>(
    path: string,
    schema: z.ZodType<Item>,
    call: RestCall,
  ): Promise<{ readonly value: Item } & Pick<Answer, 'scopes' | 'kind'>> {
    const send = (): Promise<Answer> =>
      this.send({ method: 'GET', url: `${this.options.base}${path}` }, call);
    const { body, scopes, kind } = await this.patiently(send, 'any', call);
    return { value: read(schema, body, path), scopes, kind };
  }

  /** POST, PUT or DELETE of one thing; the answer's body as it came. */
  async change(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body: unknown,
    call: RestCall,
  ): Promise<unknown> {
    const url = `${this.options.base}${path}`;
    const send = async (): Promise<unknown> => {
      const answer = await this.send(
        { method, url, body: body === undefined ? undefined : JSON.stringify(body) },
        call,
      );
      return answer.body;
    };
    return this.patiently(send, method === 'POST' ? 'unprocessed' : 'any', call);
  }

  private get(url: string, call: RestCall): Promise<unknown> {
    return this.patiently(() => this.getOnce(url, call), 'any', call);
  }

  private async getOnce(url: string, call: RestCall): Promise<unknown> {
    // Two credentials may see different things behind one URL.
    const key = createHash('sha256')
      .update(`${restAuthorization(call.credential)}\n${url}`)
      .digest('base64');
    const known = this.cache.get(key);
    const answer = await this.send({ method: 'GET', url, etag: known?.etag }, call);
    if (answer.status === 304 && known) return known.body;
    if (answer.etag !== undefined)
      this.cache.set(key, { etag: answer.etag, body: answer.body, bytes: answer.bytes });
    return answer.body;
  }

  private patiently<T>(
    ask: () => Promise<T>,
    repeatable: 'any' | 'unprocessed',
    { signal }: RestCall,
  ): Promise<T> {
    return withRetry(ask, { repeatable, times: this.options.times ?? RETRY_TIMES, signal });
  }

  private async send(
    what: {
      method: 'GET' | 'POST' | 'PUT' | 'DELETE';
      url: string;
      body?: string | undefined;
      etag?: string | undefined;
    },
    { credential, signal }: RestCall,
  ): Promise<Answer> {
    const deadline = AbortSignal.timeout(this.options.timeoutMs);
    try {
      const response = await request(what.url, {
        dispatcher: this.options.agent,
        method: what.method,
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
        headers: {
          'user-agent': USER_AGENT,
          accept: 'application/json',
          authorization: restAuthorization(credential),
          ...(what.etag === undefined ? {} : { 'if-none-match': what.etag }),
          ...(what.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(what.body === undefined ? {} : { body: what.body }),
      });
      return await readAnswer(response, { method: what.method, path: new URL(what.url).pathname });
    } catch (error) {
      throw error instanceof AntipodeError ? error : connectionError(error, DOING, signal);
    }
  }

  /** An answer must not send our credential to another host, or to another part of this one. */
  private ownUrl(next: string): string {
    const url = URL.canParse(next) ? new URL(next) : undefined;
    if (!url?.href.startsWith(`${new URL(this.options.base).href}/`) || url.username !== '') {
      throw new AntipodeError('primary_misbehaved', 'paging', { reason: 'the next page is not of this API' });
    }
    return url.href;
  }
}

function read<Item>(schema: z.ZodType<Item>, body: unknown, path: string): Item {
  const item = schema.safeParse(body);
  if (item.success) return item.data;
  throw new AntipodeError('primary_misbehaved', DOING, { path, problems: problems(item.error) });
}

async function readAnswer(
  response: Dispatcher.ResponseData,
  context: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const { statusCode: status, headers } = response;
  const { bytes, truncated } = await readBounded(response.body, LARGEST_ANSWER_BYTES);
  const isJson = /^application\/json\b/i.test(String(headers['content-type'] ?? ''));
  const body = isJson && !truncated ? parseJson(bytes) : undefined;
  if (status >= 300 && status !== 304)
    throw restError(status, { ...context, retryAfter: headers['retry-after'] }, body);
  if (body === undefined && status !== 304 && bytes.length > 0) {
    throw new AntipodeError('primary_misbehaved', DOING, {
      ...context,
      status,
      reason: truncated ? 'too large' : 'no JSON',
    });
  }
  const etag = typeof headers['etag'] === 'string' ? headers['etag'] : undefined;
  const scopes = readScopes(headers['x-oauth-scopes']);
  return { status, etag, scopes, kind: readKind(headers['x-credential-type']), body, bytes: bytes.length };
}

const readKind = (header: unknown): string | undefined => (typeof header === 'string' ? header : undefined);

const readScopes = (header: unknown): readonly string[] | undefined =>
  typeof header === 'string' ? header.split(',').flatMap((scope) => scope.trim() || []) : undefined;

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

const problems = (error: z.ZodError): string[] =>
  error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`);
