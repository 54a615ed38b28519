import { AntipodeError } from '@antipode/errors';
import { readPacket } from './pkt-line.js';

/**
 * Where a push has got to:
 *
 *   commands ──flush──▶ options ──flush──▶ pack
 *      │    (where negotiated)    │
 *      │                          └──▶ over     all commands are deletions: no pack follows
 *      └──flush──▶ over                         no command at all: nothing is pushed
 */
export type PushPhase = 'commands' | 'options' | 'pack' | 'over';

const COMMAND = /^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) ./;
const ZEROS = /^0+$/;
const SHALLOW = /^shallow [0-9a-f]{40,64}$/;

/**
 * Reads what a client sends to receive-pack up to its pack, however the bytes are sliced, and keeps none of it but the
 * first line's capabilities. gitprotocol-pack(5), "Reference Update Request and Packfile Transfer".
 */
export class PushRequestReader {
  phase: PushPhase = 'commands';
  commands = 0;
  capabilities: ReadonlySet<string> = new Set();
  /** True where a command creates or moves a ref: then a pack follows, even an empty one. */
  private needsPack = false;
  private certificate: 'none' | 'head' | 'commands' | 'signature' = 'none';
  private pending: Buffer = Buffer.alloc(0);
  private read = 0;

  /** @param maxBytes of everything before the pack. */
  constructor(private readonly maxBytes: number) {}

  /**
   * Returns how many of the chunk's bytes come before the pack (or before the end, where no pack follows).
   *
   * @throws AntipodeError `invalid` for anything that is no push, `too_large`.
   */
  take(chunk: Buffer): number {
    const before = this.pending.length;
    const bytes = before === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    let at = 0;
    while (this.phase === 'commands' || this.phase === 'options') {
      const found = readPacket(bytes, at);
      if (!found) {
        this.pending = bytes.subarray(at);
        this.count(bytes.length - before);
        return chunk.length;
      }
      if (found.packet.kind === 'data') this.line(found.packet.data);
      else if (found.packet.kind === 'flush') this.flush();
      else throw invalid('a marker of v2');
      at = found.next;
    }
    this.pending = Buffer.alloc(0);
    this.count(at - before);
    return at - before;
  }

  private count(bytes: number): void {
    this.read += bytes;
    if (this.read > this.maxBytes)
      throw new AntipodeError('too_large', 'reading a push: too many commands', { limit: this.maxBytes });
  }

  private line(data: Buffer): void {
    if (this.phase === 'options') return;
    const text = data.toString('latin1').replace(/\n$/, '');
    if (this.certificate !== 'none') return this.certificateLine(text);
    if (SHALLOW.test(text)) return;
    const nul = text.indexOf('\0');
    const line = nul < 0 ? text : text.slice(0, nul);
    if (nul >= 0)
      this.capabilities = new Set(
        text
          .slice(nul + 1)
          .split(' ')
          .filter(Boolean),
      );
    if (line === 'push-cert') this.certificate = 'head';
    else this.command(line);
  }

  /** The commands of a signed push stand between the certificate's first empty line and its signature. */
  private certificateLine(text: string): void {
    if (text === 'push-cert-end') this.certificate = 'none';
    else if (this.certificate === 'head') this.certificate = text === '' ? 'commands' : 'head';
    else if (text.startsWith('-----BEGIN ')) this.certificate = 'signature';
    else if (this.certificate === 'commands') this.command(text);
  }

  private command(line: string): void {
    const [, , after] = COMMAND.exec(line) ?? [];
    if (after === undefined) throw invalid('a line that is no command');
    this.commands += 1;
    if (!ZEROS.test(after)) this.needsPack = true;
  }

  private flush(): void {
    if (this.certificate !== 'none') throw invalid('a certificate without its end');
    if (this.phase === 'commands' && this.commands > 0 && this.capabilities.has('push-options'))
      this.phase = 'options';
    else this.phase = this.needsPack ? 'pack' : 'over';
  }
}

const invalid = (what: string): AntipodeError => new AntipodeError('invalid', `reading a push: ${what}`);
