import { AntipodeError, toAntipodeError, type Code } from '@antipode/errors';
import type { Session } from '../session/hallway.js';
import type { PassedAnswer, PassThrough } from '../session/pass-through.js';
import type { PushDoor, PushMetrics, PushOutcome } from '../telemetry/push-metrics.js';
import { BrokenPush } from './broken-push.js';
import type { PushSentences } from './push-sentences.js';
import { PushWatch, type PushLimits } from './push-watch.js';
import { ReportCopy, type ReportTarget } from './report-copy.js';
import type { Upload } from './upload.js';
import type { WaitUntilPublished } from './wait-until-published.js';

export interface PushRelayOptions {
  /** With an admission of its own. */
  readonly primary: PassThrough;
  readonly published: WaitUntilPublished;
  readonly sentences: PushSentences;
  /** The sentence of any other failure. */
  readonly say: (error: AntipodeError) => string;
  readonly limits: PushLimits;
  readonly metrics: PushMetrics;
}

/** One push, as a door hands it over. */
export interface Push extends ReportTarget {
  readonly door: PushDoor;
  readonly session: Session;
  /** The caller's, from a closed list; without Authorization. */
  readonly headers: Readonly<Record<string, string>>;
  readonly upload: Upload;
}

const SERVICE = 'git-receive-pack';
/** With these, the primary (or this mirror, before anything was sent) has said no: nothing was pushed. */
const CERTAIN: ReadonlySet<Code> = new Set<Code>([
  'unauthenticated',
  'denied',
  'not_found',
  'invalid',
  'unsupported',
  'primary_limited',
  'busy',
  'too_large',
]);

/**
 * Hands a push on to the primary, and the primary's answer back.
 *
 *   client ──upload──▶ primary ──report──▶ client ··· published here? ··· ──end──▶ client
 *
 * The end must not reach the client before the primary's report is whole and the wait for our own copy is over. Where
 * the report does not come whole, nobody knows whether the push arrived, and the client must be told just that.
 */
export class PushRelay {
  constructor(private readonly options: PushRelayOptions) {}

  /**
   * The primary's own advertisement.
   *
   * @throws AntipodeError what the primary's status means.
   */
  advertisement(session: Session, headers: Readonly<Record<string, string>>): Promise<PassedAnswer> {
    return this.options.primary.relay(session, {
      method: 'GET',
      suffix: `/info/refs?service=${SERVICE}`,
      headers,
      answerType: `application/x-${SERVICE}-advertisement`,
    });
  }

  /**
   * Resolves when all but the door's own end was sent.
   *
   * @throws AntipodeError before the first byte: a no, after which nothing was pushed.
   * @throws BrokenPush where the conversation must end as broken.
   */
  async relay(push: Push): Promise<void> {
    const { upload, session } = push;
    const report = new ReportCopy(push);
    let outcome: PushOutcome | undefined = 'unknown';
    using watch = new PushWatch(this.options.limits, () => upload.bytes);
    const settle = endWithClient(push, watch);
    try {
      const answer = await session.visit.step('first_byte', () => this.send(push, watch));
      session.visit.source = 'passthrough';
      try {
        await session.visit.step('stream', () => report.copy(answer.body, watch));
      } finally {
        answer.leave();
      }
      outcome = await this.close(push, report);
    } catch (error) {
      const known = reasonOf(error, push, watch);
      if (isCertain(known, push)) outcome = 'refused';
      throw await this.broken(known, push, report);
    } finally {
      settle();
      this.note(push, outcome);
    }
  }

  private send({ session, headers, upload }: Push, watch: PushWatch): Promise<PassedAnswer> {
    return this.options.primary.relay(
      { ...session, signal: watch.signal },
      {
        method: 'POST',
        suffix: `/${SERVICE}`,
        // An encoded answer shows no packets: it would be taken for a broken one.
        headers: { ...headers, 'accept-encoding': 'identity' },
        body: upload.body,
        answerType: `application/x-${SERVICE}-result`,
        // Silence is long where a large pack is checked, and the answer may begin before the pack has ended.
        patience: 'caller',
      },
    );
  }

  /** The primary's answer has ended; was it all? */
  private async close(push: Push, report: ReportCopy): Promise<PushOutcome | undefined> {
    const { reader } = report;
    const { expectation } = push.upload;
    if (!reader.hasError && !reader.isWhole(expectation))
      throw new AntipodeError('primary_misbehaved', 'pushing: the report was cut short');
    if (!expectation.commands) {
      await report.finish();
      return undefined;
    }
    const isRefused = reader.hasError || reader.isRefusal;
    if (!isRefused) await this.options.published(push.session);
    await report.finish();
    return isRefused ? 'refused' : 'relayed';
  }

  private async broken(error: AntipodeError, push: Push, report: ReportCopy): Promise<AntipodeError> {
    const { sentences, say } = this.options;
    const certain = isCertain(error, push);
    if (certain && !report.hasBegun) return error;
    const sentence = certain ? say(error) : sentences.unknown(push.session.repository.path);
    const told = push.upload.expectation.sideBand && !report.reader.hasError ? 'told' : 'untold';
    if (told === 'told') await report.tell(sentence);
    return new BrokenPush(error, { sentence, told });
  }

  private note({ door, session, upload }: Push, outcome: PushOutcome | undefined): void {
    session.visit.bytesIn = upload.bytes;
    if (outcome === undefined) return;
    session.visit.push = outcome;
    this.options.metrics.finished({ door, outcome, bytes: upload.bytes });
  }
}

/**
 * A client that leaves before its push is whole ends it: the primary never sees the end of the pack, and drops what it
 * has. One that leaves later changes nothing: the primary has it all, and to cut it off in its hooks would help nobody.
 */
function endWithClient({ session, upload }: Push, watch: PushWatch): () => void {
  const leave = (): void => {
    if (!upload.isWhole) watch.giveUp(new AntipodeError('cancelled', 'pushing: the client is gone'));
  };
  if (session.signal.aborted) leave();
  session.signal.addEventListener('abort', leave, { once: true });
  return () => session.signal.removeEventListener('abort', leave);
}

/** What ended it first: libraries tell of their own broken pipes, not of who broke them. */
const reasonOf = (error: unknown, { upload }: Push, watch: PushWatch): AntipodeError =>
  upload.failure ?? watch.reason ?? toAntipodeError(error, 'pushing');

/** True where nothing can have been pushed. A pack may be whole before the request is, so "not all sent" proves nothing. */
function isCertain({ code, context }: AntipodeError, { upload }: Push): boolean {
  if (!upload.wasRead || CERTAIN.has(code)) return true;
  const { status } = context;
  // A redirect says that nothing was done here.
  return code === 'primary_misbehaved' && typeof status === 'number' && status >= 300 && status < 400;
}
