import { AntipodeError } from '@antipode/errors';
import { readCapability } from './capabilities.js';
import { DELIM, FLUSH, packetText, readPackets, writePacket, type Packet } from './pkt-line.js';

/** One request of protocol v2. gitprotocol-v2(5): "Command Request". */
export interface CommandRequest {
  readonly command: string;
  /** Name to value, '' where it has none; "server-option" may repeat and is left out. */
  readonly capabilities: ReadonlyMap<string, string>;
  readonly args: readonly string[];
}

/**
 * Reads the body of a v2 POST.
 *
 * @returns undefined for a lone flush, with which a client ends the conversation.
 * @throws AntipodeError `invalid` for anything else that is not exactly one request.
 */
export function readCommandRequest(body: Buffer): CommandRequest | undefined {
  const lines = new Lines(readPackets(body));
  const head = lines.upToMarker();
  if (head.length === 0 && lines.marker === 'flush' && lines.isAtEnd()) return undefined;
  const args = lines.marker === 'delim' ? lines.upToMarker() : [];
  if (lines.marker !== 'flush') throw invalid('no flush at the end');
  if (!lines.isAtEnd()) throw invalid('bytes after the end');
  const commands = head.filter((line) => line.startsWith('command='));
  const [command] = commands;
  if (command === undefined || commands.length > 1) throw invalid('not exactly one command');
  const capabilities = head.filter(
    (line) => !line.startsWith('command=') && !line.startsWith('server-option='),
  );
  return {
    command: command.slice('command='.length),
    capabilities: new Map(capabilities.map(readCapability)),
    args,
  };
}

export function writeCommandRequest({ command, capabilities, args }: CommandRequest): Buffer {
  const named = [...capabilities].map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  const head = [`command=${command}`, ...named].map((line) => writePacket(`${line}\n`));
  const tail = args.length === 0 ? [] : [DELIM, ...args.map((line) => writePacket(`${line}\n`))];
  return Buffer.concat([...head, ...tail, FLUSH]);
}

const invalid = (what: string): AntipodeError =>
  new AntipodeError('invalid', `reading a v2 request: ${what}`);

/** Data packets as lines, section by section. */
class Lines {
  /** What ended the last section; undefined where the bytes ended first. */
  marker: Exclude<Packet['kind'], 'data'> | undefined;

  constructor(private readonly packets: Iterator<Packet>) {}

  upToMarker(): string[] {
    const lines: string[] = [];
    this.marker = undefined;
    for (let step = this.packets.next(); !step.done; step = this.packets.next()) {
      if (step.value.kind !== 'data') {
        this.marker = step.value.kind;
        break;
      }
      lines.push(packetText(step.value.data));
    }
    return lines;
  }

  isAtEnd(): boolean {
    return this.packets.next().done === true;
  }
}
