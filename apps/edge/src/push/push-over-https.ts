import { AntipodeError } from '@antipode/errors';
import { writeProtocolVersion } from '@antipode/git-wire';
import type { Session } from '../session/hallway.js';
import { writeAll } from '../ssh/channel-output.js';
import type { Command, Conversation } from '../ssh/conversation.js';
import type { PushMetrics } from '../telemetry/push-metrics.js';
import { copyAdvertisement } from './copy-advertisement.js';
import { BrokenPush } from './broken-push.js';
import { PushReader } from './push-reader.js';
import type { PushRelay } from './push-relay.js';
import type { PushSentences } from './push-sentences.js';
import { Upload } from './upload.js';

export interface PushOverHttpsOptions {
  readonly mode: 'relay' | 'refuse';
  readonly relay: PushRelay;
  readonly sentences: PushSentences;
  readonly metrics: PushMetrics;
  /** Of one push; Infinity for none. */
  readonly maxBytes: number;
}

const SERVICE = 'git-receive-pack';
const HEADERS = {
  'content-type': `application/x-${SERVICE}-request`,
  accept: `application/x-${SERVICE}-result`,
};
/** Some hosts look for git in it. */
const USER_AGENT = 'git/2.0 (antipode)';

/**
 * A push over SSH by somebody whose account is linked: the two-way conversation becomes one GET and one POST to the
 * primary, on the account's behalf.
 *
 *   client ◀── advertisement ── GET      the primary's own, without HTTP's header
 *   client ─── push ──────────▶ POST     ends where the push ends, though the client may keep its side open
 *   client ◀── report ───────── POST
 */
export class PushOverHttps {
  constructor(private readonly options: PushOverHttpsOptions) {}

  /**
   * Exit status 0 where the conversation came to its end, whatever the primary reported in it.
   *
   * @throws AntipodeError what the door says on stderr; then nothing was pushed.
   */
  readonly run: Command = async (conversation, session) => {
    const refusal = this.refusal(session);
    if (refusal !== undefined) return this.refuse(conversation, session, refusal);
    const ours = { ...session, signal: conversation.signal };
    await this.advertise(conversation, ours);
    const upload = new Upload({ maxBytes: this.options.maxBytes });
    using reader = new PushReader(conversation.stdin, upload, conversation.signal);
    if ((await reader.intent) === 'nothing') return 0;
    return await this.push(conversation, ours, upload);
  };

  private async advertise(conversation: Conversation, session: Session): Promise<void> {
    const answer = await session.visit.step('first_byte', () =>
      this.options.relay.advertisement(session, { 'user-agent': USER_AGENT, ...versionOf(conversation) }),
    );
    try {
      if (answer.contentEncoding !== undefined && answer.contentEncoding !== 'identity')
        throw new AntipodeError('primary_misbehaved', 'pushing: an encoded advertisement');
      await copyAdvertisement(answer.body, conversation.stdout);
    } finally {
      answer.body.on('error', () => undefined).destroy();
      answer.leave();
    }
  }

  private async push(conversation: Conversation, session: Session, upload: Upload): Promise<number> {
    try {
      await this.options.relay.relay({
        door: 'ssh',
        session,
        headers: { ...HEADERS, 'user-agent': USER_AGENT, ...versionOf(conversation) },
        upload,
        client: conversation.stdout,
        begin: () => undefined,
      });
      return 0;
    } catch (error) {
      if (!(error instanceof BrokenPush)) throw error;
      session.visit.error = error;
      if (error.told === 'untold') await sayTo(conversation, error.hint ?? error.message);
      return 1;
    }
  }

  private refusal({ caller, repository: { path } }: Session): string | undefined {
    const { mode, sentences } = this.options;
    if (mode === 'refuse') return sentences.refused(path);
    if (caller.kind === 'holder' && caller.holder.holder?.$case === 'accessKeyId')
      return sentences.readOnlyKey(path);
    return undefined;
  }

  private async refuse(conversation: Conversation, { visit }: Session, sentence: string): Promise<number> {
    visit.push = 'refused';
    this.options.metrics.finished({ door: 'ssh', outcome: 'refused', bytes: 0 });
    await sayTo(conversation, sentence);
    return 1;
  }
}

/** A client that is gone hears nothing; the log line knows. */
const sayTo = ({ stderr }: Conversation, sentence: string): Promise<void> =>
  writeAll(stderr, `antipode: ${sentence}`).catch(() => undefined);

/** receive-pack has no version 2: whoever asks for it is answered in version 0. */
const versionOf = ({ protocol }: Conversation): Record<string, string> =>
  protocol === 1 ? { 'git-protocol': writeProtocolVersion(1) } : {};
