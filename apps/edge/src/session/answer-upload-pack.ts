import { AntipodeError, toAntipodeError } from '@antipode/errors';
import {
  readCommandRequest,
  readFetchRequest,
  readLsRefsRequest,
  readUploadPackRequest,
  type LsRefsRequest,
  type ProtocolVersion,
  type UploadPackPlan,
} from '@antipode/git-wire';
import type { Because, ChooseSource, Choice } from './choose-source.js';
import type { Session } from './hallway.js';
import type { Mirror } from './mirrors.js';
import type { RefAnswers } from './ref-answers.js';
import type { FetchAnswer, ServeFetch } from './serve-fetch.js';
import { writeNotice } from './notice.js';

/** What a client asks of upload-pack, whatever the version and the door. */
export type UploadPackRequest =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'ls-refs'; readonly lsRefs: LsRefsRequest }
  | { readonly kind: 'fetch'; readonly plan: UploadPackPlan }
  /** A command of v2 that we do not offer, though a primary may have. */
  | { readonly kind: 'other' };

/** How it is answered. */
export type Answer =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'git'; readonly answer: FetchAnswer }
  | {
      readonly kind: 'pass';
      readonly because: Because;
      readonly fallback?: Mirror;
      /** The request has a filter, which the primary may not know. */
      readonly hasFilter?: boolean;
    };

const OFFERED_BY_OTHERS: ReadonlySet<string> = new Set(['object-info', 'bundle-uri']);
const NOTHING: Answer = { kind: 'bytes', bytes: Buffer.alloc(0) };

/** @throws AntipodeError `invalid` for bytes that are no request. */
export function readRequest(body: Buffer, version: ProtocolVersion): UploadPackRequest {
  if (version !== 2) {
    const plan = readUploadPackRequest(body);
    return plan ? { kind: 'fetch', plan } : { kind: 'nothing' };
  }
  const request = readCommandRequest(body);
  if (!request) return { kind: 'nothing' };
  if (request.command === 'ls-refs') return { kind: 'ls-refs', lsRefs: readLsRefsRequest(request) };
  if (request.command === 'fetch') return { kind: 'fetch', plan: readFetchRequest(request) };
  if (OFFERED_BY_OTHERS.has(request.command)) return { kind: 'other' };
  throw new AntipodeError('invalid', 'reading a v2 request: unknown command');
}

/** What a client of a stateful conversation meets first. */
export type StatefulOpening =
  { readonly from: 'mirror'; readonly advertisement: Buffer } | Extract<Choice, { readonly from: 'primary' }>;

export interface AnswererOptions {
  readonly node: string;
  readonly primaryName: string;
}

/** Decides how a request is answered: from memory, by git, or by the primary. */
export class UploadPackAnswerer {
  constructor(
    private readonly choose: ChooseSource,
    private readonly refAnswers: RefAnswers,
    private readonly fetches: ServeFetch,
    private readonly options: AnswererOptions,
  ) {}

  /** What a client meets first. v2 capabilities depend on no ref, so their freshness does not matter. */
  async advertise(session: Session, version: ProtocolVersion): Promise<Answer> {
    const choice = version === 2 ? await this.choose.any(session) : await this.choose.fresh(session);
    if (choice.from === 'primary') return pass(choice);
    return this.advertisementOf(choice.mirror, session, version);
  }

  advertisementOf(mirror: Mirror, session: Session, version: ProtocolVersion): Answer {
    return this.fromMemory(session, mirror, this.refAnswers.advertisement(mirror, version));
  }

  /**
   * The beginning of a conversation with a memory (v0 and v1 over SSH). The outage policy may let an older epoch stand
   * only where the primary is known to be unreachable.
   */
  async openStateful(session: Session, version: 0 | 1): Promise<StatefulOpening> {
    const choice = await this.choose.fresh(session);
    if (choice.from === 'primary') return choice;
    const { visit } = session;
    visit.source = 'memory';
    visit.epoch = choice.mirror.snapshot.epoch;
    return { from: 'mirror', advertisement: this.refAnswers.bareAdvertisement(choice.mirror, version) };
  }

  async answer(session: Session, version: ProtocolVersion, body: Buffer): Promise<Answer> {
    const request = readRequest(body, version);
    switch (request.kind) {
      case 'nothing':
        return NOTHING;
      case 'other':
        return { kind: 'pass', because: 'unsupported' };
      case 'ls-refs': {
        const choice = await this.choose.fresh(session);
        return choice.from === 'primary'
          ? pass(choice)
          : this.lsRefsOf(choice.mirror, session, request.lsRefs);
      }
      case 'fetch': {
        session.visit.isFetch = true;
        const answer = await this.fetch(session, version, { plan: request.plan, body });
        return answer.kind === 'pass' ? { ...answer, hasFilter: request.plan.filter !== undefined } : answer;
      }
    }
  }

  /** Answers with an epoch that is no longer fresh; only the outage policy may call for it. */
  async answerFrom(
    mirror: Mirror,
    session: Session,
    version: ProtocolVersion,
    body: Buffer,
  ): Promise<Answer> {
    const request = readRequest(body, version);
    if (request.kind === 'ls-refs') return this.lsRefsOf(mirror, session, request.lsRefs);
    if (request.kind === 'fetch') return this.runGit(session, version, mirror, { plan: request.plan, body });
    throw new AntipodeError('primary_unavailable', 'answering without the primary');
  }

  private lsRefsOf(mirror: Mirror, session: Session, request: LsRefsRequest): Answer {
    return this.fromMemory(session, mirror, this.refAnswers.lsRefs(mirror, request));
  }

  private fromMemory({ visit }: Session, mirror: Mirror, bytes: Buffer): Answer {
    visit.source = 'memory';
    visit.epoch = mirror.snapshot.epoch;
    return { kind: 'bytes', bytes };
  }

  private async fetch(session: Session, version: ProtocolVersion, question: Question): Promise<Answer> {
    // We advertise no ref-in-want: this client learnt of it from the primary, in a request that was passed through.
    if (question.plan.wantRefs.length > 0) return { kind: 'pass', because: 'unsupported' };
    const choice = await this.withWants(session, question.plan);
    if (choice.from === 'primary') return pass(choice);
    try {
      return await this.runGit(session, version, choice.mirror, question);
    } catch (error) {
      const known = toAntipodeError(error, 'answering a fetch');
      if (known.code !== 'mirror_damaged') throw known;
      // No byte was sent yet, so the primary can still answer; the log line shows what git said.
      session.visit.error = known;
      return { kind: 'pass', because: 'refused_by_git' };
    }
  }

  /** An epoch whose repository holds every want. Missing ones may have been pushed since our last sync. */
  async withWants(session: Session, plan: UploadPackPlan): Promise<Choice> {
    const choice = await this.choose.any(session);
    if (choice.from === 'primary' || (await this.fetches.hasWants(session, choice.mirror, plan)))
      return choice;
    const newest = await this.choose.newest(session);
    if (newest.from === 'primary') return { from: 'primary', because: newest.because };
    if (await this.fetches.hasWants(session, newest.mirror, plan)) return newest;
    return { from: 'primary', because: 'missing_objects' };
  }

  private async runGit(
    session: Session,
    version: ProtocolVersion,
    mirror: Mirror,
    { plan, body }: Question,
  ): Promise<Answer> {
    const { visit } = session;
    const notice = writeNotice({
      ...this.options,
      outage: visit.outage,
      confirmedAtMs: mirror.confirmedAtMs,
      nowMs: Date.now(),
    });
    const answer = await this.fetches.start(session, mirror, { plan, version, body, notice });
    visit.source = 'git';
    visit.epoch = mirror.snapshot.epoch;
    return { kind: 'git', answer };
  }
}

interface Question {
  readonly plan: UploadPackPlan;
  readonly body: Buffer;
}

const pass = ({ because, fallback }: Extract<Choice, { from: 'primary' }>): Answer => ({
  kind: 'pass',
  because,
  ...(fallback ? { fallback } : {}),
});
