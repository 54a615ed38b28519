import { AntipodeError } from '@antipode/errors';
import { readErrorPacket } from './error-packet.js';
import { FLUSH, packetText, readPacket, type Packet } from './pkt-line.js';
import { PacketReader } from './packet-reader.js';
import { readSideBand } from './side-band.js';

/** What was asked of the server, by the client's own capabilities. */
export interface PushExpectation {
  /** `report-status` or `report-status-v2`. */
  readonly report: boolean;
  /** Commands were sent at all. */
  readonly commands: boolean;
}

/**
 * Watches receive-pack's answer go by, in order to know whether it has come whole. gitprotocol-pack(5), "Report Status".
 *
 * With side-band the report is packets inside band 1, ended by a flush of its own, and the conversation ends with one
 * more flush; without side-band the report's flush is the end. Only whole packets are let go, and the last flush is held
 * back, so that at every moment there is room for one packet more: an error, or the end.
 */
export class PushReportReader {
  /** The end, where it was reached. */
  held: Buffer = Buffer.alloc(0);
  /** The server itself has said that it failed. */
  hasError = false;
  /** How many refs the server has moved. */
  moved = 0;
  private hasUnpacked = false;
  private isReported = false;
  private isSideBand: boolean | undefined;
  private pending: Buffer = Buffer.alloc(0);
  private readonly inner = new PacketReader();

  /**
   * Returns what may go to the client.
   *
   * @throws AntipodeError `invalid` for bytes that are no packets.
   */
  take(chunk: Buffer): Buffer {
    const bytes = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const free: Buffer[] = [];
    let at = 0;
    for (let found = readPacket(bytes); found; found = readPacket(bytes, at)) {
      if (this.held.length > 0) free.push(this.held);
      const raw = bytes.subarray(at, found.next);
      this.held = found.packet.kind === 'flush' ? FLUSH : Buffer.alloc(0);
      if (this.held.length === 0) free.push(raw);
      this.packet(found.packet);
      at = found.next;
    }
    this.pending = bytes.subarray(at);
    return free.length === 1 ? (free[0] as Buffer) : Buffer.concat(free);
  }

  /** True where nothing of what the client waits for is missing. */
  isWhole({ report, commands }: PushExpectation): boolean {
    if (this.pending.length > 0) return false;
    const hasEnd = this.held.length > 0;
    if (this.isSideBand === undefined) return (!report || !commands) && this.inner.pendingBytes === 0;
    return hasEnd && this.inner.pendingBytes === 0 && (this.isReported || !report);
  }

  /** True where the server has moved nothing of what it was asked to. */
  get isRefusal(): boolean {
    return this.hasUnpacked && this.moved === 0;
  }

  private packet(packet: Packet): void {
    if (packet.kind === 'flush') {
      if (this.isSideBand === false && this.hasUnpacked) this.isReported = true;
      return;
    }
    if (packet.kind !== 'data')
      throw new AntipodeError('invalid', 'reading the report of a push: a marker of v2');
    this.isSideBand ??= isBand(packet.data);
    if (this.isSideBand) this.banded(packet.data);
    else this.line(packet.data);
  }

  private banded(data: Buffer): void {
    // A lone header is a sign of life (receive.keepAlive).
    if (data.length === 0) return;
    const { band, content } = readSideBand(data);
    if (band === 'error') this.hasError = true;
    if (band !== 'data') return;
    this.inner.push(content);
    for (let packet = this.inner.next(); packet; packet = this.inner.next()) {
      if (packet.kind === 'data') this.line(packet.data);
      else if (this.hasUnpacked) this.isReported = true;
    }
  }

  private line(data: Buffer): void {
    if (readErrorPacket(data) !== undefined) this.hasError = true;
    const text = packetText(data);
    if (text.startsWith('unpack ')) this.hasUnpacked = true;
    else if (text.startsWith('ok ')) this.moved += 1;
  }
}

/** A report's first line begins with a letter, a band is a number. */
const isBand = (data: Buffer): boolean => data.length === 0 || (data[0] ?? 0) <= 3;
