import type { Readable, Writable } from 'node:stream';
import { AntipodeError } from '@antipode/errors';
import {
  FLUSH,
  PacketReader,
  packetText,
  readPacket,
  readUploadPackRequest,
  writePacket,
  type Packet,
} from '@antipode/git-wire';
import type { Session } from '../../session/hallway.js';
import type { PassedAnswer, PassThrough } from '../../session/pass-through.js';
import type { AgentRelay } from '../agent/agent-relay.js';
import { sending } from '../broken-off.js';
import { writeAll } from '../channel-output.js';
import { pour } from '../pour.js';
import type { Command, Conversation } from '../conversation.js';
import { readChunk } from '../read-chunk.js';
import { Collected, packetBytes, RequestReader, type RequestLimits } from '../request-reader.js';

export interface PassedUploadPackOptions {
  readonly passThrough: PassThrough;
  readonly agents: AgentRelay;
  readonly requests: RequestLimits;
}

/** These make a negotiation that the next request would have to remember. */
const NOT_OFFERED: ReadonlySet<string> = new Set(['multi_ack', 'multi_ack_detailed', 'no-done']);
/** Lines about shallow commits, before an answer. */
const SHALLOW_BYTES = 16 * 1024 * 1024;

/**
 * Versions 0 and 1 where the primary has to answer: a talk with a memory, told as requests that each tell all of it.
 * gitprotocol-pack(5), gitprotocol-http(5).
 *
 *   client                          here                               primary
 *   ◀── refs ────────────────────── without multi_ack ◀─────────────── GET
 *   wants, deepen, flush ─────────▶ (deepen: wants) ─────────────────▶ POST ──▶ shallow lines
 *   haves, flush ─────────────────▶ wants, all haves, flush ─────────▶ POST ──▶ ACK or NAK
 *   done ─────────────────────────▶ wants, all haves, done ──────────▶ POST ──▶ ACK or NAK, pack
 *
 * Without multi_ack the client stops at the first commit that both have, and no answer depends on an earlier one.
 */
export class PassedUploadPack {
  constructor(private readonly options: PassedUploadPackOptions) {}

  readonly run: Command = async (conversation, session) => {
    if (session.caller.kind === 'agent') return this.options.agents.fetch(conversation, session);
    await this.advertise(conversation, session);
    const { requests } = this.options;
    const reader = new RequestReader(conversation.stdin, conversation.signal, requests);
    const request = await reader.untilFlush();
    if (!request) return 0;
    const haves = new Collected(requests);
    try {
      const plan = readUploadPackRequest(request.bytes);
      if (!plan) return 0;
      session.visit.isFetch = true;
      const deepens = plan.depth !== undefined || plan.deepenSince !== undefined || plan.deepenNot.length > 0;
      return await this.negotiate(conversation, session, {
        reader,
        wants: withDetailedAcks(request.bytes),
        haves,
        deepens,
      });
    } finally {
      haves.release();
      request.release();
    }
  };

  private async advertise({ stdout, protocol }: Conversation, session: Session): Promise<void> {
    const answer = await this.options.passThrough.relay(session, {
      method: 'GET',
      suffix: '/info/refs?service=git-upload-pack',
      headers: protocol === 1 ? { 'git-protocol': 'version=1' } : {},
      answerType: 'application/x-git-upload-pack-advertisement',
    });
    session.visit.source = 'passthrough';
    try {
      await sending(() => copyAdvertisement(answer.body, stdout, session.signal));
    } finally {
      answer.leave();
    }
  }

  private async negotiate({ stdout }: Conversation, session: Session, talk: Talk): Promise<number> {
    const { reader, wants, haves, deepens } = talk;
    if (deepens) await writeAll(stdout, await this.shallowLines(session, wants));
    let isAcknowledged = false;
    for (;;) {
      const packet = await reader.next();
      // The client has found out that it needs nothing.
      if (!packet) return 0;
      const line = packet.kind === 'data' ? packetText(packet.data) : '';
      if (packet.kind === 'flush' && !isAcknowledged) {
        const said = await this.acknowledgement(session, talk);
        isAcknowledged = said.startsWith('ACK ');
        await writeAll(stdout, writePacket(`${said}\n`));
      } else if (line.startsWith('have ')) haves.add(packet);
      else if (line === 'done') {
        await this.pack(stdout, session, { ...talk, isAcknowledged });
        return 0;
      } else if (packet.kind !== 'flush')
        throw new AntipodeError('invalid', 'negotiating: a line out of place');
    }
  }

  private shallowLines(session: Session, wants: Buffer): Promise<Buffer> {
    return this.ask(session, wants, async (body) => {
      const lines: Buffer[] = [];
      await skipShallowLines(new Packets(body, session.signal), (packet) => lines.push(packetBytes(packet)));
      return Buffer.concat([...lines, FLUSH]);
    });
  }

  /** "ACK <oid>" where the primary has one of the haves, or "NAK". */
  private acknowledgement(session: Session, { wants, haves, deepens }: Talk): Promise<string> {
    return this.ask(session, Buffer.concat([wants, haves.bytes, FLUSH]), async (body) => {
      const packets = new Packets(body, session.signal);
      if (deepens) await skipShallowLines(packets);
      let said = 'NAK';
      for (let line = await packets.line(); line !== 'NAK'; line = await packets.line())
        said = acknowledged(line);
      return said;
    });
  }

  private pack(
    stdout: Writable,
    session: Session,
    talk: Talk & { readonly isAcknowledged: boolean },
  ): Promise<void> {
    const { wants, haves, deepens, isAcknowledged } = talk;
    const body = Buffer.concat([wants, haves.bytes, writePacket('done\n')]);
    return this.ask(session, body, (answer) =>
      sending(async () => {
        const packets = new Packets(answer, session.signal);
        if (deepens) await skipShallowLines(packets);
        let line = await packets.line();
        // "ACK <oid> common" is for those who remember; the last one, with no word behind it, comes before the pack.
        while (line !== 'NAK' && line !== acknowledged(line)) line = await packets.line();
        // A client that has heard of a common commit waits for the pack and for nothing else.
        if (!isAcknowledged) await writeAll(stdout, writePacket(`${line}\n`));
        await writeAll(stdout, packets.rest());
        await session.visit.step('stream', () => pour(answer, stdout, session.signal));
      }),
    );
  }

  private async ask<T>(session: Session, body: Buffer, read: (body: Readable) => Promise<T>): Promise<T> {
    const answer: PassedAnswer = await session.visit.step('first_byte', () =>
      this.options.passThrough.relay(session, {
        method: 'POST',
        suffix: '/git-upload-pack',
        headers: { 'content-type': 'application/x-git-upload-pack-request' },
        body,
        answerType: 'application/x-git-upload-pack-result',
      }),
    );
    try {
      return await read(answer.body);
    } finally {
      answer.body.on('error', () => undefined).destroy();
      answer.leave();
    }
  }
}

interface Talk {
  readonly reader: RequestReader;
  /** Through its flush. */
  readonly wants: Buffer;
  readonly haves: Collected;
  readonly deepens: boolean;
}

/** The packets at the beginning of a body, and the rest of it as it is. */
class Packets {
  private readonly reader = new PacketReader();

  constructor(
    private readonly body: Readable,
    private readonly signal: AbortSignal,
  ) {}

  async next(): Promise<Packet> {
    for (;;) {
      const packet = this.reader.next();
      if (packet) return packet;
      const chunk = await readChunk(this.body, this.signal);
      if (!chunk) throw new AntipodeError('primary_misbehaved', 'passing a conversation through: cut short');
      this.reader.push(chunk);
    }
  }

  async line(): Promise<string> {
    const packet = await this.next();
    return packet.kind === 'data' ? packetText(packet.data) : '';
  }

  rest(): Buffer {
    return this.reader.rest();
  }
}

async function copyAdvertisement(body: Readable, stdout: Writable, signal: AbortSignal): Promise<void> {
  const packets = new Packets(body, signal);
  for (;;) {
    const packet = await packets.next();
    const text = packet.kind === 'data' ? packetText(packet.data) : '';
    // The service's line and its flush belong to HTTP.
    if (text.startsWith('# service=')) await packets.next();
    else if (text.includes('\0')) {
      await writeAll(stdout, writePacket(`${withFewerCapabilities(text)}\n`));
      break;
    } else {
      await writeAll(stdout, packetBytes(packet));
      if (packet.kind === 'flush') return;
    }
  }
  await writeAll(stdout, packets.rest());
  await pour(body, stdout, signal);
}

function withFewerCapabilities(line: string): string {
  const [ref, capabilities = ''] = line.split('\0');
  const kept = capabilities.split(' ').filter((name) => !NOT_OFFERED.has(name));
  return `${ref}\0${kept.join(' ')}`;
}

async function skipShallowLines(packets: Packets, take?: (packet: Packet) => void): Promise<void> {
  let bytes = 0;
  for (let packet = await packets.next(); packet.kind === 'data'; packet = await packets.next()) {
    bytes += packet.data.length;
    if (bytes > SHALLOW_BYTES)
      throw new AntipodeError('primary_misbehaved', 'reading shallow lines: too many');
    take?.(packet);
  }
}

/** "ACK <oid>" of "ACK <oid> common" and the like. */
function acknowledged(line: string): string {
  const [verb, oid] = line.split(' ');
  if (verb !== 'ACK' || !oid)
    throw new AntipodeError('primary_misbehaved', 'negotiating: neither ACK nor NAK');
  return `ACK ${oid}`;
}

/**
 * The client's wants, with a capability that it was not offered: only with it can the end of the acknowledgements be
 * told from the pack, for without it git acknowledges one commit after the other, as often as it likes.
 */
function withDetailedAcks(wants: Buffer): Buffer {
  const first = readPacket(wants);
  if (first?.packet.kind !== 'data') throw new AntipodeError('invalid', 'reading wants');
  return Buffer.concat([
    writePacket(`${packetText(first.packet.data)} multi_ack_detailed\n`),
    wants.subarray(first.next),
  ]);
}
