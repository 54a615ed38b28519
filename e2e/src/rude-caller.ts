import { expect } from '@jest/globals';
import { descendants, eventually, git, residentBytes, type GitCredential } from '@antipode/testing';
import type { Neighbourhood } from './neighbourhood.js';
import {
  basic,
  rawRequest,
  requestHead,
  type Bytes,
  type RawAnswer,
  type RawOptions,
} from './raw-request.js';

/** The edge may grow by its caches and buffers; a bomb or an endless body would be felt far beyond. */
const MOST_RESIDENT_BYTES = 450 * 1024 * 1024;

export interface Post {
  readonly body: Bytes;
  readonly headers?: Readonly<Record<string, string>>;
  readonly options?: RawOptions;
}

/** Somebody who may read one repository, and sends whatever comes to mind. */
export class RudeCaller {
  readonly url: string;
  /** "/acme/storefront.git" */
  readonly path: string;
  private readonly as: GitCredential;
  private processes: unknown;

  private constructor(private readonly here: Neighbourhood) {
    this.url = here.house.demo.mirror.url;
    this.path = `/${here.house.workspace}/storefront.git`;
    this.as = here.house.credential('reader');
  }

  static async arrive(here: Neighbourhood): Promise<RudeCaller> {
    const caller = new RudeCaller(here);
    caller.processes = await caller.currentProcesses();
    await caller.askPolitely();
    return caller;
  }

  get authorization(): string {
    return basic(this.as.username, this.as.password);
  }

  get(target: string, headers: Readonly<Record<string, string>> = {}): Promise<RawAnswer> {
    return rawRequest(
      this.url,
      requestHead('GET', target, { Authorization: this.authorization, ...headers }),
    );
  }

  /** POSTs to upload-pack; protocol v2 unless the headers say otherwise. */
  post({ body, headers = {}, options }: Post): Promise<RawAnswer> {
    const head = requestHead('POST', `${this.path}/git-upload-pack`, {
      Authorization: this.authorization,
      'Content-Type': 'application/x-git-upload-pack-request',
      'Git-Protocol': 'version=2',
      'Content-Length': String(Buffer.byteLength(body)),
      ...headers,
    });
    return rawRequest(this.url, Buffer.concat([Buffer.from(head), Buffer.from(body)]), options);
  }

  async askPolitely(): Promise<void> {
    await git(['ls-remote', this.here.house.url('storefront')], { as: this.as, timeoutMs: 15_000 });
  }

  /** Whatever was sent: no process fell, none works for a caller who is gone, memory is bounded, and the door is open. */
  async expectNoHarm(): Promise<void> {
    expect(await this.currentProcesses()).toEqual(this.processes);
    const edge = await this.here.house.pid('edge');
    await eventually(async () => (await descendants(edge)).length === 0, {
      timeoutMs: 15_000,
      everyMs: 200,
    });
    expect(await residentBytes(edge)).toBeLessThan(MOST_RESIDENT_BYTES);
    await this.askPolitely();
  }

  private async currentProcesses(): Promise<unknown> {
    await this.here.house.pid('edge');
    return this.here.house.demo.processes;
  }
}

/** A refusal that a person can read: 4xx, and one sentence that tells nothing of the inside. */
export function expectSentence({ status, body }: RawAnswer): void {
  expect({ status, body, isRefusal: status >= 400 && status < 500 }).toEqual({
    status,
    body,
    isRefusal: true,
  });
  const said = body.trim();
  expect(said.length).toBeGreaterThan(0);
  expect(said.length).toBeLessThan(600);
  expect(said.split('\n').length).toBeLessThanOrEqual(2);
  expectNothingOfTheInside(body);
}

export function expectNothingOfTheInside(body: string): void {
  expect(body).not.toMatch(
    /node:|node_modules|\.[jt]s:\d|\/repositories\/[0-9a-f]{2}\/[0-9a-f-]{36}|ENOENT|undefined|\[object/,
  );
}

export const packet = (text: string): string =>
  (Buffer.byteLength(text) + 4).toString(16).padStart(4, '0') + text;

/** A v2 fetch with these arguments; gitprotocol-v2(5). */
export const v2Fetch = (...args: string[]): string =>
  `${packet('command=fetch')}0001${args.map(packet).join('')}0000`;
