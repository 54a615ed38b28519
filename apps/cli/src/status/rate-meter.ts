import type { Repository } from '../mirror/shapes.js';

/** How far back a rate looks: long enough not to flicker, short enough to be about now. */
const WINDOW_MS = 5000;

interface Sample {
  readonly at: number;
  readonly bytes: ReadonlyMap<string, number>;
}

/** Bytes per second that repositories receive from the primary, from what they had when we looked before. */
export class RateMeter {
  private samples: Sample[] = [];

  /** Notes what each has received by now. */
  note(repositories: readonly Repository[], at: number): void {
    const bytes = new Map(repositories.map((repository) => [repository.id, receivedBytes(repository)]));
    this.samples = [...this.samples.filter((sample) => at - sample.at <= WINDOW_MS), { at, bytes }];
  }

  /** Of one, or of all together. */
  bytesPerSecond(id?: string): number {
    const [first] = this.samples;
    const last = this.samples.at(-1);
    if (!first || !last || last.at <= first.at) return 0;
    const ids = id === undefined ? [...last.bytes.keys()] : [id];
    const received = ids.reduce((sum, one) => sum + growth(first.bytes.get(one), last.bytes.get(one)), 0);
    return (received * 1000) / (last.at - first.at);
  }
}

/** What a run has received so far is added to the total when the run ends. */
const receivedBytes = ({ receivedBytesTotal, progress }: Repository): number =>
  receivedBytesTotal + (progress?.receivedBytes ?? 0);

/** One that we see for the first time may have received its bytes long ago; a failed run's bytes go away again. */
const growth = (before: number | undefined, now = 0): number =>
  before === undefined ? 0 : Math.max(0, now - before);
