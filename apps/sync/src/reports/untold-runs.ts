import type { registry } from '@antipode/contracts';

/** While the registry is away: hours of an ordinary mirror. */
const MOST_RUNS = 1000;
/** Of all kept runs together: what they list must not fill the memory either. */
const MOST_KEPT_CHANGES = 20_000;
const RUNS_AT_ONCE = 100;
/** A gRPC message is 4 MB at most; an id is 40 to 64 bytes of it. */
const CHARS_AT_ONCE = 1_000_000;
const ID_CHARS = 150;

/** Runs of which the registry has not heard yet: a bounded number, of which the oldest go first. */
export class UntoldRuns {
  private runs: registry.SyncRun[] = [];
  private kept = 0;
  private lost = 0;

  get size(): number {
    return this.runs.length;
  }

  /** How many had to go unheard. */
  get dropped(): number {
    return this.lost;
  }

  add(run: registry.SyncRun): void {
    // What alone would fill a message is told as a number.
    const told = charsOf(run) > CHARS_AT_ONCE ? { ...run, changes: [] } : run;
    this.runs.push(told);
    this.kept += told.changes.length;
    if (this.runs.length > MOST_RUNS) {
      this.kept -= this.runs.shift()?.changes.length ?? 0;
      this.lost += 1;
    }
    for (let i = 0; this.kept > MOST_KEPT_CHANGES && i < this.runs.length; i += 1) this.shorten(i);
  }

  /** The oldest, as many as go into one message; they stay until `forget`. */
  next(): registry.SyncRun[] {
    let chars = 0;
    const end = this.runs.findIndex((run, i) => {
      chars += charsOf(run);
      return i === RUNS_AT_ONCE || (i > 0 && chars > CHARS_AT_ONCE);
    });
    return this.runs.slice(0, end < 0 ? undefined : end);
  }

  forget(told: readonly registry.SyncRun[]): void {
    const ids = new Set(told.map(({ id }) => id));
    this.runs = this.runs.filter(({ id }) => !ids.has(id));
    this.kept = this.runs.reduce((sum, { changes }) => sum + changes.length, 0);
  }

  private shorten(index: number): void {
    const run = this.runs[index];
    if (!run) return;
    this.kept -= run.changes.length;
    this.runs[index] = { ...run, changes: [] };
  }
}

const charsOf = ({ changes }: registry.SyncRun): number =>
  changes.reduce((sum, { ref }) => sum + ref.length + ID_CHARS, ID_CHARS);
