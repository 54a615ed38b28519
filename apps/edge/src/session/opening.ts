import { PacketReader, readErrorPacket, writeSideBand, type Packet } from '@antipode/git-wire';

export interface OpeningOptions {
  readonly version: 0 | 1 | 2;
  readonly sidebandAll: 'yes' | 'no';
  /** Shown to the person as "remote: …", where the protocol has room for it (v2). */
  readonly notice: string | undefined;
}

/** What has become clear of git's answer so far. */
export type Opened =
  | { readonly kind: 'unclear' }
  /** git answers: these bytes first, then its output as it comes. */
  | { readonly kind: 'good'; readonly bytes: Buffer }
  /** git refuses; nothing of it must be sent before somebody has decided. */
  | { readonly kind: 'refused'; readonly sentence: string };

const UNCLEAR: Opened = { kind: 'unclear' };
/** Acknowledgements and shallow lines come before the pack; more than this is passed on unseen. */
const LONGEST_HEAD = 1024 * 1024;
const BAND_DATA = 1;

/**
 * Reads the beginning of an answer of upload-pack, up to the point from which it is only copied.
 *
 *   v0, v1   the first packet
 *   v2       every packet up to "packfile", behind which the notice goes; or to the flush of an answer without a pack
 */
export class Opening {
  private readonly reader = new PacketReader();
  private readonly seen: Buffer[] = [];
  private seenBytes = 0;

  constructor(private readonly options: OpeningOptions) {}

  take(chunk: Buffer): Opened {
    this.seen.push(chunk);
    this.seenBytes += chunk.length;
    this.reader.push(chunk);
    for (let packet = this.reader.next(); packet; packet = this.reader.next()) {
      const opened = this.judge(packet);
      if (opened.kind !== 'unclear') return opened;
    }
    return this.seenBytes > LONGEST_HEAD ? this.good() : UNCLEAR;
  }

  /** git has ended well without having said more. */
  end(): Opened {
    return this.good();
  }

  private judge(packet: Packet): Opened {
    if (packet.kind !== 'data') return packet.kind === 'flush' ? this.good() : UNCLEAR;
    const data = this.payload(packet.data);
    const sentence = readErrorPacket(data);
    if (sentence !== undefined) return { kind: 'refused', sentence };
    if (this.options.version !== 2) return this.good();
    return data.equals(PACKFILE) || data.equals(PACKFILE_LF) ? this.good(this.options.notice) : UNCLEAR;
  }

  /** With sideband-all every packet has its band in front. */
  private payload(data: Buffer): Buffer {
    return this.options.sidebandAll === 'yes' && data[0] === BAND_DATA ? data.subarray(1) : data;
  }

  private good(notice?: string): Opened {
    if (notice === undefined) return { kind: 'good', bytes: Buffer.concat(this.seen) };
    const rest = this.reader.rest();
    const head = Buffer.concat(this.seen, this.seenBytes).subarray(0, this.seenBytes - rest.length);
    return { kind: 'good', bytes: Buffer.concat([head, writeSideBand('progress', `${notice}\n`), rest]) };
  }
}

const PACKFILE = Buffer.from('packfile');
const PACKFILE_LF = Buffer.from('packfile\n');
