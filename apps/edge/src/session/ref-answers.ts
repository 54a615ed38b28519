import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import {
  lsRefsKey,
  writeAdvertisement,
  writeCapabilityAdvertisement,
  writeLsRefsAnswer,
  writeServiceHeader,
  type LsRefsRequest,
  type ProtocolVersion,
} from '@antipode/git-wire';
import type { Mirror } from './mirrors.js';

/** Longer keys are digested: a client may name sixty thousand prefixes. */
const LONGEST_KEY = 512;

/** What clients learn about refs, written once per epoch and question, and then copied. */
export class RefAnswers {
  private readonly written: LRUCache<string, Buffer>;
  private readonly serviceHeader = writeServiceHeader('git-upload-pack');
  private readonly capabilities: Record<'sha1' | 'sha256', Buffer>;

  constructor(
    private readonly agent: string,
    maxBytes: number,
  ) {
    this.written = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: (bytes, key) => bytes.length + key.length + 100,
    });
    this.capabilities = {
      sha1: writeCapabilityAdvertisement({ agent, objectFormat: 'sha1' }),
      sha256: writeCapabilityAdvertisement({ agent, objectFormat: 'sha256' }),
    };
  }

  /** The body of `GET …/info/refs?service=git-upload-pack`. */
  advertisement(mirror: Mirror, version: ProtocolVersion): Buffer {
    // As git http-backend: the service line belongs to versions 0 and 1 only.
    if (version === 2) return this.capabilities[mirror.snapshot.objectFormat];
    return this.once(`${mirror.identity} ${mirror.id} v${version}`, () =>
      Buffer.concat([
        this.serviceHeader,
        writeAdvertisement(mirror.snapshot, { version, agent: this.agent }),
      ]),
    );
  }

  /** The same as it is over SSH: without the service line, which belongs to HTTP. */
  bareAdvertisement(mirror: Mirror, version: ProtocolVersion): Buffer {
    const written = this.advertisement(mirror, version);
    return version === 2 ? written : written.subarray(this.serviceHeader.length);
  }

  lsRefs(mirror: Mirror, request: LsRefsRequest): Buffer {
    return this.once(`${mirror.identity} ${mirror.id} ls-refs ${lsRefsKey(request)}`, () =>
      writeLsRefsAnswer(mirror.snapshot, request),
    );
  }

  private once(question: string, write: () => Buffer): Buffer {
    const key =
      question.length > LONGEST_KEY ? createHash('sha256').update(question).digest('base64') : question;
    const known = this.written.get(key);
    if (known) return known;
    const answer = write();
    this.written.set(key, answer);
    return answer;
  }
}
