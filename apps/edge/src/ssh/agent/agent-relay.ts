import { Readable } from 'node:stream';
import { AntipodeError } from '@antipode/errors';
import { FLUSH, PacketReader } from '@antipode/git-wire';
import type { GitService } from '@antipode/domain';
import type { PushSentences } from '../../push/push-sentences.js';
import type { WaitUntilPublished } from '../../push/wait-until-published.js';
import type { Admission } from '../../session/admission.js';
import type { Oracle, RemoteEnd, RemoteService } from '../../session/caller.js';
import type { Session } from '../../session/hallway.js';
import type { PushMetrics } from '../../telemetry/push-metrics.js';
import { sending } from '../broken-off.js';
import { writeAll } from '../channel-output.js';
import { pour } from '../pour.js';
import type { Command, Conversation } from '../conversation.js';
import { packetBytes } from '../request-reader.js';
import { readChunk } from '../read-chunk.js';

export interface AgentRelayOptions {
  readonly admission: Admission;
  readonly published: WaitUntilPublished;
  readonly sentences: PushSentences;
  readonly metrics: PushMetrics;
}

const FAILED = 128;

/** Lets the primary itself answer over SSH, for whoever forwards an agent. */
export class AgentRelay {
  constructor(private readonly options: AgentRelayOptions) {}

  /** One answer of version 2: to `request`, or the advertisement where there is none. */
  async answer(
    session: Session,
    request: Buffer | undefined,
  ): Promise<{ body: Readable; leave: () => void }> {
    const { leave, service } = await this.start(session, 'git-upload-pack', 2);
    try {
      const advertisement = await untilFlush(service, session.signal);
      // Behind the answer the primary waits for another question, and there is none.
      service.stdin.end(request ?? FLUSH);
      const body = request ? service.stdout : Readable.from([advertisement]);
      return { body, leave: () => (service.close(), leave()) };
    } catch (error) {
      service.close();
      leave();
      throw error;
    }
  }

  /** A whole fetch of version 0 or 1. */
  readonly fetch: Command = async (conversation, session) => {
    const { leave, service } = await this.start(session, 'git-upload-pack', conversation.protocol);
    session.visit.source = 'passthrough';
    try {
      return statusOf(await sending(() => join(service, conversation)));
    } finally {
      service.close();
      leave();
    }
  };

  /** A whole push. Its end is told when it is published here as well. */
  readonly push: Command = async (conversation, session) => {
    const { leave, service } = await this.start(session, 'git-receive-pack', conversation.protocol);
    const { published, sentences, metrics } = this.options;
    session.visit.source = 'passthrough';
    const fed = { bytes: 0 };
    try {
      const end = await join(service, conversation, fed).catch(() => undefined);
      session.visit.push = end ? 'relayed' : 'unknown';
      const status = statusOf(end);
      // A lone flush is a goodbye after the refs: nothing was pushed.
      if (status === 0 && fed.bytes > FLUSH.length) await published(session);
      if (!end) await tellUnknown(conversation, sentences.unknown(session.repository.path));
      return status;
    } finally {
      metrics.finished({ door: 'ssh_agent', outcome: session.visit.push ?? 'unknown', bytes: fed.bytes });
      service.close();
      leave();
    }
  };

  private async start(
    session: Session,
    service: GitService,
    protocol: Conversation['protocol'],
  ): Promise<Started> {
    const { signal, repository, visit } = session;
    const oracle = oracleOf(session);
    const leave = await visit.step('queue', () => this.options.admission.enter(repository.id, signal));
    try {
      const asked = { service, path: repository.path, protocol, signal };
      return { leave, service: await visit.step('first_byte', () => oracle.run(asked)) };
    } catch (error) {
      leave();
      throw error;
    }
  }
}

interface Started {
  readonly service: RemoteService;
  readonly leave: () => void;
}

function oracleOf({ caller }: Session): Oracle {
  if (caller.kind === 'agent') return caller.oracle;
  throw new AntipodeError('unsupported', 'relaying without a forwarded agent');
}

/** Copies all three streams, unchanged, until the primary's end; the slower side sets the pace. */
async function join(
  service: RemoteService,
  conversation: Conversation,
  fed = { bytes: 0 },
): Promise<RemoteEnd | undefined> {
  const { stdout, stderr, signal } = conversation;
  void feed(conversation, service, fed);
  await Promise.all([pour(service.stdout, stdout, signal), pour(service.stderr, stderr, signal)]);
  return service.ended;
}

/** By hand: a primary that ends first must not take the client's side with it. */
async function feed(
  { stdin, signal }: Conversation,
  { stdin: target }: RemoteService,
  fed: { bytes: number },
): Promise<void> {
  try {
    for (let chunk = await readChunk(stdin, signal); chunk; chunk = await readChunk(stdin, signal)) {
      fed.bytes += chunk.length;
      await writeAll(target, chunk);
    }
  } catch {
    // The client is gone, or the primary has ended: the other direction tells.
  }
  target.end();
}

async function untilFlush({ stdout }: RemoteService, signal: AbortSignal): Promise<Buffer> {
  const reader = new PacketReader();
  const packets: Buffer[] = [];
  for (;;) {
    const packet = reader.next();
    if (packet) packets.push(packetBytes(packet));
    if (packet?.kind === 'flush') return Buffer.concat(packets);
    if (packet) continue;
    const chunk = await readChunk(stdout, signal);
    if (!chunk) throw new AntipodeError('primary_unavailable', 'reading the advertisement of the primary');
    reader.push(chunk);
  }
}

/** A client that is gone hears nothing; the log line knows. */
const tellUnknown = ({ stderr }: Conversation, sentence: string): Promise<void> =>
  writeAll(stderr, `antipode: ${sentence}`).catch(() => undefined);

const statusOf = (end: RemoteEnd | undefined): number => (end && 'status' in end ? end.status : FAILED);
