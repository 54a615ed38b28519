import { lfs } from '@antipode/contracts';
import { AntipodeError, isRefusal, toAntipodeError, type Code } from '@antipode/errors';
import {
  tellsCredential,
  type AnsweredObject,
  type AskedObject,
  type BatchRequest,
  type LfsObject,
} from '@antipode/lfs-wire';
import type { Primary } from '@antipode/primary';
import { callUnary } from '@antipode/rpc';
import type { Session } from '../session/hallway.js';
import type { RelayAuthorization } from '../session/relay-authorization.js';
import type { LfsMetrics } from '../telemetry/lfs-metrics.js';
import { inChunks } from './in-chunks.js';
import type { LfsSentences } from './lfs-sentences.js';
import { readAnswer, readRelayed } from './read-answers.js';

export interface LfsBatchOptions {
  readonly client: lfs.LfsServiceClient;
  readonly primary: Pick<Primary, 'lfs'>;
  readonly authorization: RelayAuthorization;
  readonly sentences: LfsSentences;
  readonly metrics: LfsMetrics;
  /** Longest wait where the primary has to be asked. */
  readonly primaryWaitMs: number;
}

/** One look into a table; whoever waits longer waits for a service that is not well. */
const KNOWN_WAIT_MS = 5000;
const KNOWN = { size: 1000, atOnce: 2 };
/** As many as primaries take at once. */
const ASKED = { size: 100, atOnce: 4 };
/** The service is away, or without its database: then the primary itself is as good as it ever was. */
const AWAY: ReadonlySet<Code> = new Set<Code>(['service_unavailable', 'timed_out', 'internal']);

interface Question {
  readonly session: Session;
  readonly operation: BatchRequest['operation'];
  readonly ref: string | undefined;
}

/** An answer, or nothing where only the primary can tell. */
type Known = AnsweredObject | undefined;

/**
 * The objects of one batch, for a session that has the right.
 *
 *   download ─▶ lfs: what is here ─▶ the rest ─▶ lfs asks the primary ─┐
 *   upload ───────────────────────────────────▶ lfs asks the primary ─┼▶ answers, in order
 *   lfs is away ──▶ the primary, with the caller's credential ─────────┘
 */
export class LfsBatch {
  constructor(private readonly options: LfsBatchOptions) {}

  /**
   * As many answers as objects were asked for, in their order.
   *
   * @throws AntipodeError the primary's no to the caller, or a *cannot* that leaves nothing to answer.
   */
  async answer(
    session: Session,
    { operation, ref, hashAlgo, objects }: BatchRequest,
  ): Promise<AnsweredObject[]> {
    session.visit.lfs = { operation, objects: objects.length };
    if (hashAlgo !== 'sha256') return objects.map((asked) => refused(nameOf(asked), WRONG_HASH));
    const question = { session, operation, ref };
    const wanted = objects.flatMap((asked) => (asked.kind === 'object' ? [asked.object] : []));
    const answers =
      operation === 'upload' ? await this.ask(question, wanted) : await this.download(question, wanted);
    const queue = answers.values();
    return objects.map((asked) =>
      asked.kind === 'object'
        ? (queue.next().value ?? this.unanswered(asked.object))
        : refused(nameOf(asked), { code: 422, message: asked.why }),
    );
  }

  private async download(
    question: Question,
    objects: readonly LfsObject[],
  ): Promise<readonly AnsweredObject[]> {
    question.session.visit.source = 'lfs';
    const known = await this.known(question, objects);
    const open = objects.filter((_, index) => !known?.[index]);
    this.note(question, 'here', objects.length - open.length);
    if (open.length === 0) return known as AnsweredObject[];
    const asked = (await this.undecided(question, open, known)).values();
    return objects.map((object, index) => known?.[index] ?? asked.next().value ?? this.unanswered(object));
  }

  /** Without the primary; undefined where the service is away. */
  private async known(question: Question, objects: readonly LfsObject[]): Promise<Known[] | undefined> {
    try {
      return await inChunks(objects, KNOWN, async (chunk) => this.call(question, chunk, KNOWN_WAIT_MS));
    } catch (error) {
      if (!isAway(error)) throw error;
      return undefined;
    }
  }

  /** What is here is answered, even where nobody can tell of the rest. */
  private async undecided(
    question: Question,
    objects: readonly LfsObject[],
    known: readonly Known[] | undefined,
  ): Promise<readonly AnsweredObject[]> {
    try {
      return known ? await this.ask(question, objects) : await this.relay(question, objects);
    } catch (error) {
      const { code } = toAntipodeError(error, 'asking the primary for LFS objects');
      this.note(question, 'refused', objects.length);
      if (code === 'primary_unavailable') return objects.map((object) => this.unanswered(object));
      if (code === 'cancelled' || !known?.some((answer) => answer)) throw error;
      const error404 = { code: 404, message: this.options.sentences.missing() };
      return objects.map((object) => (isRefusal(code) ? refused(object, error404) : this.unanswered(object)));
    }
  }

  /** With the primary, through the service where it is there. */
  private async ask(question: Question, objects: readonly LfsObject[]): Promise<readonly AnsweredObject[]> {
    const { session } = question;
    session.visit.source = 'passthrough';
    const access = { authorization: (await this.authorizationOf(question)) ?? '' };
    try {
      const answers = await inChunks(objects, ASKED, (chunk) =>
        this.call(question, chunk, this.options.primaryWaitMs, access),
      );
      this.note(question, 'primary', objects.length);
      return objects.map((object, index) => answers[index] ?? this.unanswered(object));
    } catch (error) {
      if (!isAway(error)) throw explain(error, session);
      return this.relay(question, objects);
    }
  }

  /** Past the service: the primary's own links. */
  private async relay(question: Question, objects: readonly LfsObject[]): Promise<readonly AnsweredObject[]> {
    const { session, operation, ref } = question;
    session.visit.source = 'passthrough';
    session.visit.passedBecause = 'lfs_away';
    const { repository, signal } = session;
    const authorization = await this.authorizationOf(question);
    const answers = await inChunks(objects, ASKED, async (chunk) => {
      const asked = { path: repository.path, authorization, operation, objects: chunk };
      const answer = await this.options.primary.lfs.batch(
        { ...asked, ...(ref === undefined ? {} : { ref }) },
        signal,
      );
      return readRelayed(chunk, answer, operation);
    });
    const theirs = answers.map((answer) => this.withoutLent(answer, session, authorization));
    this.note(question, 'relayed', objects.length);
    return theirs;
  }

  /** What was lent for one question must not reach whoever asked it: not even inside the primary's own links. */
  private withoutLent(
    answer: AnsweredObject,
    { caller }: Session,
    authorization: string | undefined,
  ): AnsweredObject {
    const isOwn = authorization === undefined || caller.kind === 'credential';
    if (isOwn || !tellsCredential(answer, authorization)) return answer;
    return refused(answer, { code: 503, message: this.options.sentences.linkNotForOthers() });
  }

  /** The caller's own; nobody, and whoever holds an agent, leaves it to the connection. */
  private async authorizationOf({ session, operation }: Question): Promise<string | undefined> {
    if (session.caller.kind === 'agent') return undefined;
    const right = operation === 'upload' ? 'write' : 'read';
    const authorization = await this.options.authorization(session.caller, session, right);
    if (authorization === undefined && operation === 'upload')
      throw new AntipodeError('unauthenticated', 'uploading LFS objects without a credential');
    return authorization;
  }

  private async call(
    { session, operation, ref }: Question,
    objects: LfsObject[],
    timeoutMs: number,
    primary?: lfs.PrimaryAccess,
  ): Promise<Known[]> {
    const { repository, signal } = session;
    const request: lfs.BatchRequest = {
      repositoryId: repository.id,
      repositoryPath: repository.path,
      operation: OPERATION[operation],
      objects,
      ref: ref ?? '',
      primary,
    };
    const answer = await callUnary(this.options.client, 'batch', request, { timeoutMs, signal });
    if (answer.objects.length !== objects.length)
      throw new AntipodeError('internal', 'asking for LFS objects: another number of answers');
    return answer.objects.map((told, index) => readAnswer(objects[index] as LfsObject, told, operation));
  }

  private unanswered(object: LfsObject): AnsweredObject {
    return refused(object, { code: 503, message: this.options.sentences.primaryAway() });
  }

  private note(
    { operation }: Question,
    outcome: 'here' | 'primary' | 'relayed' | 'refused',
    objects: number,
  ): void {
    this.options.metrics.answered({ operation, outcome, objects });
  }
}

const OPERATION: Record<BatchRequest['operation'], lfs.Operation> = {
  download: lfs.Operation.OPERATION_DOWNLOAD,
  upload: lfs.Operation.OPERATION_UPLOAD,
};

const WRONG_HASH = { code: 409, message: 'Objects are named by their SHA-256 here, and by nothing else.' };

const refused = ({ oid, size }: LfsObject, error: { code: number; message: string }): AnsweredObject => ({
  oid,
  size,
  error,
});

const nameOf = (asked: AskedObject): LfsObject => (asked.kind === 'object' ? asked.object : asked);

const isAway = (error: unknown): boolean => AWAY.has(toAntipodeError(error, 'asking for LFS objects').code);

/** What needs a credential that is not there is, for a caller without one, a reason to show one. */
function explain(error: unknown, { caller }: Session): unknown {
  const known = toAntipodeError(error, 'asking for LFS objects');
  if (known.code !== 'not_connected' || caller.kind !== 'anonymous') return error;
  return new AntipodeError('unauthenticated', known.message, {}, { cause: known });
}
