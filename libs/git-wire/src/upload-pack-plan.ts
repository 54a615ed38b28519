import { AntipodeError } from '@antipode/errors';
import { isOid } from './refs.js';

/**
 * What a client asks of upload-pack, whatever the version in which it asked. Everything after it (freshness,
 * cache keys, queues) hangs on this and never on the bytes.
 */
export interface UploadPackPlan {
  readonly wants: readonly string[];
  /** v2 `want-ref`: names instead of oids. We advertise no ref-in-want. */
  readonly wantRefs: readonly string[];
  readonly haves: readonly string[];
  /** Commits at which the client's own history is cut. */
  readonly shallow: readonly string[];
  readonly depth: number | undefined;
  /** Seconds since 1970. */
  readonly deepenSince: number | undefined;
  readonly deepenNot: readonly string[];
  readonly filter: string | undefined;
  /** v0: capabilities of the first want; v2: arguments without a value, such as "thin-pack", "deepen-relative". */
  readonly options: ReadonlySet<string>;
  readonly done: boolean;
}

/** The mutable form that the readers of v0 and v2 fill in. */
export class PlanBuilder {
  private readonly wants: string[] = [];
  private readonly wantRefs: string[] = [];
  private readonly haves: string[] = [];
  private readonly shallow: string[] = [];
  private readonly deepenNot: string[] = [];
  private depth: number | undefined;
  private deepenSince: number | undefined;
  private filter: string | undefined;
  private isDone = false;

  constructor(private readonly options: Set<string> = new Set()) {}

  /** @returns false where the line is none of the lines that both versions have. */
  take(line: string): boolean {
    const space = line.indexOf(' ');
    const [verb, value] = space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
    switch (verb) {
      case 'want':
        this.wants.push(readOid(value));
        return true;
      case 'have':
        this.haves.push(readOid(value));
        return true;
      case 'shallow':
        this.shallow.push(readOid(value));
        return true;
      case 'deepen':
        this.depth = readNumber(value);
        return true;
      case 'deepen-since':
        this.deepenSince = readNumber(value);
        return true;
      case 'deepen-not':
        this.deepenNot.push(readText(value));
        return true;
      case 'filter':
        this.filter = readText(value);
        return true;
      case 'want-ref':
        this.wantRefs.push(readText(value));
        return true;
      case 'done':
        this.isDone = true;
        return value === '';
      default:
        return false;
    }
  }

  option(name: string): void {
    this.options.add(name);
  }

  build(): UploadPackPlan {
    const { wants, wantRefs, haves, shallow, depth, deepenSince, deepenNot, filter, options } = this;
    return {
      wants,
      wantRefs,
      haves,
      shallow,
      depth,
      deepenSince,
      deepenNot,
      filter,
      options,
      done: this.isDone,
    };
  }
}

export const invalidPlan = (what: string): AntipodeError =>
  new AntipodeError('invalid', `reading a fetch: ${what}`);

function readOid(text: string): string {
  if (!isOid(text)) throw invalidPlan('no object name where one belongs');
  return text;
}

function readNumber(text: string): number {
  // git reads a C int; more digits are nobody's depth.
  if (!/^\d{1,12}$/.test(text)) throw invalidPlan('no number where one belongs');
  return Number(text);
}

function readText(text: string): string {
  if (text === '') throw invalidPlan('nothing where a name belongs');
  return text;
}
