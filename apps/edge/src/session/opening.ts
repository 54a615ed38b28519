import { PacketReader, readErrorPacket, writeSideBand, type Packet } from '@antipode/git-wire';

export interface OpeningOptions {
  readonly version: 0 | 1 | 2;
  /** Which packets have a band in front: none, those of the pack, or all (v2 sideband-all). */
  readonly bands: 'none' | 'pack' | 'all';
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
/** Acknowledgements, shallow lines and progress come before the pack; more than this is passed on unseen. */
const LONGEST_HEAD = 1024 * 1024;
const DATA = 1;
const ERROR = 3;

/**
 * Reads the beginning of an answer of upload-pack, up to the first bytes of the pack: only then has git found
 * the objects. Up to there a failure can still be somebody else's good answer; afterwards it is copied unseen.
 *
 *   v2       acknowledgments… "packfile" [our notice] progress… │ pack data
 *   v0, v1   ACK or NAK…                             progress… │ pack data        (with side-band; else one packet)
 */
export class Opening {
  private readonly reader = new PacketReader();
  private readonly seen: Buffer[] = [];
  private seenBytes = 0;
  private noticeAt: number | undefined;
  private inPack = false;

  constructor(private readonly options: OpeningOptions) {}

  /** True once git has begun to answer properly: whoever has waited long enough may send what is there. */
  get isPromising(): boolean {
    return this.seenBytes > 0;
  }

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

  /** All that was seen, with the notice in its place. */
  good(): Opened {
    const bytes = Buffer.concat(this.seen, this.seenBytes);
    const { notice } = this.options;
    if (notice === undefined || this.noticeAt === undefined) return { kind: 'good', bytes };
    const line = writeSideBand('progress', `${notice}\n`);
    return {
      kind: 'good',
      bytes: Buffer.concat([bytes.subarray(0, this.noticeAt), line, bytes.subarray(this.noticeAt)]),
    };
  }

  private judge(packet: Packet): Opened {
    // In version 2 a flush ends an answer that has no pack; before, it only ends a list.
    if (packet.kind !== 'data')
      return packet.kind === 'flush' && this.options.version === 2 ? this.good() : UNCLEAR;
    const band = this.bandOf(packet.data);
    const content = band === undefined ? packet.data : packet.data.subarray(1);
    if (band === ERROR) return { kind: 'refused', sentence: content.toString() };
    if (band === DATA && (this.inPack || this.options.version !== 2)) return this.good();
    const sentence = readErrorPacket(content);
    if (sentence !== undefined) return { kind: 'refused', sentence };
    if (this.options.version === 2) this.noticePack(content);
    return this.options.version !== 2 && this.options.bands === 'none' ? this.good() : UNCLEAR;
  }

  private noticePack(content: Buffer): void {
    if (this.inPack || !(content.equals(PACKFILE) || content.equals(PACKFILE_LF))) return;
    this.inPack = true;
    this.noticeAt = this.seenBytes - this.reader.pendingBytes;
  }

  private bandOf(data: Buffer): number | undefined {
    const first = data[0] ?? 0;
    const { version, bands } = this.options;
    // In versions 0 and 1 lines of text and bands share a place, but no line begins with a control character.
    const hasBand = bands === 'all' || (bands === 'pack' && (this.inPack || version !== 2));
    return hasBand && first >= DATA && first <= ERROR ? first : undefined;
  }
}

const PACKFILE = Buffer.from('packfile');
const PACKFILE_LF = Buffer.from('packfile\n');
