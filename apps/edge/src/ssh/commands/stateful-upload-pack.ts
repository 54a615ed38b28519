import type { Writable } from 'node:stream';
import { AntipodeError } from '@antipode/errors';
import type { RunningGit } from '@antipode/git-process';
import { PacketReader, readUploadPackRequest, type Packet, type UploadPackPlan } from '@antipode/git-wire';
import type { UploadPackAnswerer } from '../../session/answer-upload-pack.js';
import type { Session } from '../../session/hallway.js';
import type { Mirror } from '../../session/mirrors.js';
import type { ServeFetch } from '../../session/serve-fetch.js';
import { sending } from '../broken-off.js';
import { writeAll } from '../channel-output.js';
import { pour } from '../pour.js';
import type { Conversation } from '../conversation.js';
import { readChunk } from '../read-chunk.js';
import { packetBytes, RequestReader, type RequestLimits } from '../request-reader.js';
import type { PassedUploadPack } from './passed-upload-pack.js';

export interface StatefulUploadPackOptions {
  readonly answerer: UploadPackAnswerer;
  readonly fetches: ServeFetch;
  readonly requests: RequestLimits;
  readonly passed: PassedUploadPack;
}

/**
 * Versions 0 and 1, in which a conversation has a memory: gitprotocol-pack(5).
 *
 * The refs come from the snapshot, without a process; whoever only looks (ls-remote, a fetch with nothing new) says
 * goodbye after them. Whoever wants something gets one `git upload-pack` for the rest of the talk.
 */
export class StatefulUploadPack {
  constructor(private readonly options: StatefulUploadPackOptions) {}

  async run(conversation: Conversation, session: Session): Promise<number> {
    const { answerer, requests, passed } = this.options;
    const { stdin, stdout, signal, protocol } = conversation;
    const version = protocol === 1 ? 1 : 0;
    const choice = await answerer.openStateful(session, version);
    if (choice.from === 'primary') {
      session.visit.passedBecause = choice.because;
      return passed.run(conversation, session);
    }
    await writeAll(stdout, choice.advertisement);
    const reader = new RequestReader(stdin, signal, requests);
    const request = await reader.untilFlush();
    if (!request) return 0;
    try {
      session.visit.bytesIn += request.bytes.length;
      const plan = readUploadPackRequest(request.bytes);
      // A lone flush: the client has seen the refs and wants nothing.
      return plan ? await this.serve(conversation, session, { plan, reader, wants: request.bytes }) : 0;
    } finally {
      request.release();
    }
  }

  private async serve(conversation: Conversation, session: Session, asked: Asked): Promise<number> {
    session.visit.isFetch = true;
    const mirror = await this.mirrorWith(session, asked.plan);
    const { isClone, begun } = await firstHaves(asked);
    const { git, leave } = await this.options.fetches.converse(session, mirror, isClone ? 'clone' : 'fetch');
    session.visit.source = 'git';
    session.visit.epoch = mirror.snapshot.epoch;
    try {
      git.stdin.write(Buffer.concat([asked.wants, begun, asked.reader.rest()]));
      void feed(conversation, git);
      await session.visit.step('stream', () =>
        sending(() => answerWith(git, conversation.stdout, session.signal)),
      );
      await sending(() => requireGoodEnd(git));
      return 0;
    } finally {
      git.kill();
      leave();
    }
  }

  /** A want that is not here was advertised, so it was here: something is being pushed or taken away just now. */
  private async mirrorWith(session: Session, plan: UploadPackPlan): Promise<Mirror> {
    const choice = await this.options.answerer.withWants(session, plan);
    if (choice.from === 'mirror') return choice.mirror;
    throw new AntipodeError('conflict', 'finding wanted objects', { because: choice.because });
  }
}

async function requireGoodEnd(git: RunningGit): Promise<void> {
  const { code, stderr } = await git.exited;
  if (code === 0) return;
  throw new AntipodeError('mirror_damaged', 'talking to git upload-pack', {
    exitCode: code,
    stderr: stderr.slice(-500),
  });
}

interface Asked {
  readonly plan: UploadPackPlan;
  readonly wants: Buffer;
  readonly reader: RequestReader;
}

/**
 * Whether the client has nothing yet, which decides about bitmaps. After a "deepen" it waits for an answer before it
 * says more, so nobody may wait for it.
 */
async function firstHaves({ plan, reader }: Asked): Promise<{ isClone: boolean; begun: Buffer }> {
  const deepens = plan.depth !== undefined || plan.deepenSince !== undefined || plan.deepenNot.length > 0;
  if (deepens) return { isClone: false, begun: Buffer.alloc(0) };
  const packet: Packet | undefined = await reader.next();
  const isClone = packet?.kind === 'data' && packet.data.toString('latin1', 0, 4) === 'done';
  return { isClone, begun: packet ? packetBytes(packet) : Buffer.alloc(0) };
}

/** By hand rather than by `pipeline`: a git that ends first must not take the channel with it. */
async function feed({ stdin, signal }: Conversation, git: RunningGit): Promise<void> {
  try {
    for (let chunk = await readChunk(stdin, signal); chunk; chunk = await readChunk(stdin, signal))
      await writeAll(git.stdin, chunk);
  } catch {
    // The client is gone, or git has ended: whoever reads git's answer learns it there.
  }
  git.stdin.end();
}

/** Everything behind git's own advertisement; the client has seen ours. */
async function answerWith(git: RunningGit, stdout: Writable, signal: AbortSignal): Promise<void> {
  const reader = new PacketReader();
  for (;;) {
    const packet = reader.next();
    if (packet?.kind === 'flush') break;
    if (packet) continue;
    const chunk = await readChunk(git.stdout, signal);
    // git ended before it began; its exit tells why.
    if (!chunk) return;
    reader.push(chunk);
  }
  await writeAll(stdout, reader.rest());
  await pour(git.stdout, stdout, signal);
}
