import type { Writable } from 'node:stream';
import { toAntipodeError } from '@antipode/errors';
import { FLUSH } from '@antipode/git-wire';
import type { Answer, UploadPackAnswerer } from '../../session/answer-upload-pack.js';
import type { Hallway, Session } from '../../session/hallway.js';
import type { Mirror } from '../../session/mirrors.js';
import type { PassedRequest, PassThrough } from '../../session/pass-through.js';
import { withoutFilter } from '../../session/primary-filter.js';
import type { AgentRelay } from '../agent/agent-relay.js';
import { BrokenOff, sending } from '../broken-off.js';
import { writeAll } from '../channel-output.js';
import { pour } from '../pour.js';
import type { Command } from '../conversation.js';
import { RequestReader, type RequestLimits } from '../request-reader.js';
import { withoutServiceLine } from '../service-line.js';
import type { StatefulUploadPack } from './stateful-upload-pack.js';

export interface UploadPackOptions {
  readonly hallway: Pick<Hallway, 'forget'>;
  readonly answerer: UploadPackAnswerer;
  readonly passThrough: PassThrough;
  readonly requests: RequestLimits;
  readonly agents: AgentRelay;
  /** Versions 0 and 1, in which a conversation has a memory. */
  readonly stateful: StatefulUploadPack;
}

/** Its body is in memory: it may have to go another way. */
type PassedQuestion = PassedRequest & { readonly body?: Buffer };

const GET_INFO: PassedQuestion = {
  method: 'GET',
  suffix: '/info/refs?service=git-upload-pack',
  headers: { 'git-protocol': 'version=2' },
  answerType: 'application/x-git-upload-pack-advertisement',
};

/** How one question is passed through, and what the outage policy falls back to. */
interface How {
  readonly passed: () => Promise<PassedQuestion>;
  readonly fromFallback: (mirror: Mirror) => Promise<Answer>;
}

/**
 * `git-upload-pack` as the client started it: one question after the other on one channel. gitprotocol-v2(5).
 *
 * A question of version 2 is whole in itself, so each is answered as if it had come over HTTP.
 */
export class UploadPack {
  constructor(private readonly options: UploadPackOptions) {}

  readonly run: Command = async (conversation, session) => {
    session.visit.protocol = conversation.protocol;
    if (conversation.protocol !== 2) return this.options.stateful.run(conversation, session);
    const { answerer, requests } = this.options;
    const { stdin, stdout, signal } = conversation;
    await this.send(stdout, session, await answerer.advertise(session, 2), {
      passed: () => Promise.resolve(GET_INFO),
      fromFallback: async (mirror) => answerer.advertisementOf(mirror, session, 2),
    });
    const reader = new RequestReader(stdin, signal, requests);
    for (;;) {
      const request = await reader.untilFlush();
      // A lone flush, or nothing more: the client has all that it wanted.
      if (!request) return 0;
      try {
        if (request.bytes.equals(FLUSH)) return 0;
        await this.answer(stdout, session, request.bytes);
      } finally {
        request.release();
      }
    }
  };

  private async answer(stdout: Writable, session: Session, body: Buffer): Promise<void> {
    const { answerer } = this.options;
    session.visit.bytesIn += body.length;
    const answer = await answerer.answer(session, 2, body);
    await this.send(stdout, session, answer, {
      passed: () => this.passed(session, answer, body),
      fromFallback: (mirror) => answerer.answerFrom(mirror, session, 2, body),
    });
  }

  private async send(stdout: Writable, session: Session, answer: Answer, how: How): Promise<void> {
    const { visit } = session;
    if (answer.kind === 'bytes') return writeAll(stdout, answer.bytes);
    if (answer.kind === 'git') {
      const { opening, rest, finished, leave } = answer.answer;
      const stream = async (): Promise<void> => {
        await writeAll(stdout, opening);
        await pour(rest, stdout, session.signal);
        await finished;
      };
      return visit.step('stream', () => sending(stream)).finally(leave);
    }
    visit.passedBecause = answer.because;
    try {
      await this.relay(stdout, session, await how.passed());
    } catch (error) {
      const { code } = toAntipodeError(error, 'passing through');
      if (code === 'unauthenticated' || code === 'not_found' || code === 'denied')
        this.options.hallway.forget(session);
      if (error instanceof BrokenOff || code !== 'primary_unavailable' || !answer.fallback) throw error;
      visit.outage = true;
      await this.send(stdout, session, await how.fromFallback(answer.fallback), how);
    }
  }

  private async relay(stdout: Writable, session: Session, passed: PassedQuestion): Promise<void> {
    const { visit, signal } = session;
    const { agents, passThrough } = this.options;
    const answer = await visit.step('first_byte', () =>
      session.caller.kind === 'agent'
        ? agents.answer(session, passed.method === 'GET' ? undefined : passed.body)
        : passThrough.relay(session, passed),
    );
    visit.source = 'passthrough';
    try {
      const body = passed.method === 'GET' ? withoutServiceLine(answer.body) : answer.body;
      await visit.step('stream', () => sending(() => pour(body, stdout, signal)));
    } finally {
      answer.leave();
    }
  }

  private async passed(session: Session, answer: Answer, body: Buffer): Promise<PassedQuestion> {
    const hasFilter = answer.kind === 'pass' && answer.hasFilter === true;
    // An agent cannot be asked beforehand, and objects that were not asked for do no harm.
    const keepsFilter =
      !hasFilter ||
      (session.caller.kind !== 'agent' && (await this.options.passThrough.takesFilter(session)));
    return {
      method: 'POST',
      suffix: '/git-upload-pack',
      headers: { 'git-protocol': 'version=2', 'content-type': 'application/x-git-upload-pack-request' },
      body: keepsFilter ? body : withoutFilter(body),
      answerType: 'application/x-git-upload-pack-result',
    };
  }
}
