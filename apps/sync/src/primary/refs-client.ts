import { request, type Agent, type Dispatcher } from 'undici';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import {
  readAdvertisement,
  readCapabilityAdvertisement,
  readLsRefsAnswer,
  writeCommandRequest,
  writeLsRefsArgs,
} from '@antipode/git-wire';
import { mirroredRefs, type RefState } from '../mirrors/ref-state.js';
import { asPrimaryError, isStaleConnection, requireOk } from './primary-errors.js';

export interface RefsQuestion {
  /** The repository's git URL, without credentials. */
  readonly url: string;
  readonly authorization: string | undefined;
  readonly signal?: AbortSignal;
}

/** What we know of a host that speaks protocol v2, so that a question costs one round trip and not two. */
interface KnownHost {
  readonly objectFormat: 'sha1' | 'sha256';
  readonly unborn: boolean;
}

/** A million refs. A primary that sends without end fills no memory of ours. */
const LONGEST_ANSWER = 128 * 1024 * 1024;
const DOING = 'asking the primary for refs';
const FLUSH = '0000';

/**
 * Asks a primary for all refs of a repository, in-process: smart HTTP, protocol v2 where the host speaks it.
 * gitprotocol-http(5), gitprotocol-v2(5).
 *
 * Redirects are not followed. An answer is taken whole or not at all: refs that a broken answer left out
 * would otherwise be deleted here.
 */
export class RefsClient {
  private readonly v2 = new Map<string, KnownHost>();

  constructor(private readonly agent: Agent) {}

  /**
   * @throws AntipodeError `unauthenticated`, `denied`, `not_found` where the primary says no to this mirror;
   *   `primary_unavailable`, `primary_limited`, `primary_misbehaved` where it gives no answer; `cancelled`.
   */
  async ask(question: RefsQuestion): Promise<RefState> {
    try {
      return await this.askAsKnown(question);
    } catch (error) {
      throw asPrimaryError(error, DOING, question.signal);
    }
  }

  private async askAsKnown(question: RefsQuestion): Promise<RefState> {
    const key = hostOf(question);
    const known = this.v2.get(key);
    if (known) {
      try {
        return await this.lsRefs(question, known);
      } catch (error) {
        // The host may have changed its mind about v2, or this repository its object format.
        if (!isAntipodeError(error) || error.code !== 'primary_misbehaved') throw error;
        this.v2.delete(key);
      }
    }
    return this.discover(question);
  }

  private async discover(question: RefsQuestion): Promise<RefState> {
    const body = await this.send(question, 'info/refs?service=git-upload-pack', { method: 'GET' });
    const capabilities = understood(() => readCapabilityAdvertisement(body));
    if (!capabilities) return understood(() => fromAdvertisement(body));
    const host: KnownHost = {
      objectFormat: capabilities.get('object-format') === 'sha256' ? 'sha256' : 'sha1',
      unborn: capabilities.get('ls-refs')?.split(' ').includes('unborn') ?? false,
    };
    const refs = await this.lsRefs(question, host);
    this.v2.set(hostOf(question), host);
    return refs;
  }

  private async lsRefs(question: RefsQuestion, { objectFormat, unborn }: KnownHost): Promise<RefState> {
    const body = writeCommandRequest({
      command: 'ls-refs',
      capabilities: new Map([['object-format', objectFormat]]),
      args: writeLsRefsArgs({ peel: true, symrefs: true, unborn, prefixes: [] }),
    });
    const answer = await this.send(question, 'git-upload-pack', { method: 'POST', body });
    return understood(() => fromLsRefs(answer, objectFormat));
  }

  private async send(
    { url, authorization, signal }: RefsQuestion,
    path: string,
    { method, body }: { method: 'GET' | 'POST'; body?: Buffer },
  ): Promise<Buffer> {
    const settings = {
      dispatcher: this.agent,
      method,
      headers: {
        'user-agent': 'git/2 antipode',
        'git-protocol': 'version=2',
        accept: body ? 'application/x-git-upload-pack-result' : '*/*',
        ...(body ? { 'content-type': 'application/x-git-upload-pack-request' } : {}),
        ...(authorization ? { authorization } : {}),
      },
      ...(body ? { body } : {}),
      ...(signal ? { signal } : {}),
    };
    // A kept connection may be closed by the host just as we use it again: asking once more is worth it.
    const answer = await request(`${url}/${path}`, settings).catch((error: unknown) => {
      if (!isStaleConnection(error) || signal?.aborted) throw error;
      return request(`${url}/${path}`, settings);
    });
    await requireOk(
      answer,
      body ? 'application/x-git-upload-pack-result' : 'application/x-git-upload-pack-advertisement',
      DOING,
    );
    return readWhole(answer.body);
  }
}

const hostOf = ({ url }: RefsQuestion): string => new URL(url).origin;

async function readWhole(body: Dispatcher.ResponseData['body']): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LONGEST_ANSWER)
      throw new AntipodeError('primary_misbehaved', DOING, { problem: 'endless answer' });
    chunks.push(chunk);
  }
  const whole = Buffer.concat(chunks);
  // Cut at a packet's edge an answer still parses; only the flush says that it is all there.
  if (whole.toString('latin1', whole.length - FLUSH.length) !== FLUSH) {
    throw new AntipodeError('primary_misbehaved', DOING, { problem: 'truncated answer' });
  }
  return whole;
}

/** What our parsers call `invalid` is the primary's fault, not a caller's. */
function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new AntipodeError('primary_misbehaved', DOING, { problem: 'malformed answer' }, { cause: error });
  }
}

function fromLsRefs(body: Buffer, objectFormat: 'sha1' | 'sha256'): RefState {
  const { refs, unbornHead } = readLsRefsAnswer(body);
  const head = refs.find(({ name }) => name === 'HEAD');
  return {
    objectFormat,
    headTarget: head?.symrefTarget ?? unbornHead,
    headOid: head?.oid,
    refs: mirroredRefs(refs.map(({ name, oid, peeled }) => ({ name, oid, ...(peeled ? { peeled } : {}) }))),
  };
}

/** v0 and v1 cannot tell where an unborn HEAD points. */
function fromAdvertisement(body: Buffer): RefState {
  const { refs, headTarget, capabilities } = readAdvertisement(body);
  return {
    objectFormat: capabilities.get('object-format') === 'sha256' ? 'sha256' : 'sha1',
    headTarget,
    headOid: refs.find(({ name }) => name === 'HEAD')?.oid,
    refs: mirroredRefs(refs.map(({ name, oid, peeled }) => ({ name, oid, ...(peeled ? { peeled } : {}) }))),
  };
}
