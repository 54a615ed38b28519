import { AntipodeError } from '@antipode/errors';
import type { FailuresStore } from './failures.store.js';

interface Gate {
  running: number;
  readonly waiting: (() => void)[];
}

/**
 * Keeps the mirror from being an oracle for guessing credentials and names.
 *
 * An address may have only as many questions under way as it has failures left, so that a burst cannot guess more than
 * the limit either; honest bursts (a hundred jobs behind one address) wait a moment and are all answered. Successes
 * cost nothing.
 */
export class FailureLimit {
  private readonly gates = new Map<string, Gate>();

  /** @param limit failures that an address may have in a window of the store's */
  constructor(
    private readonly limit: number,
    private readonly failures: FailuresStore,
  ) {}

  /**
   * Runs a question that may fail; `isFailure` says whether its answer counts.
   *
   * @throws AntipodeError `too_many_failures`; or whatever the question throws (a question without an answer is no failure).
   */
  async guard<T>(block: string, question: () => Promise<T>, isFailure: (answer: T) => boolean): Promise<T> {
    await this.enter(block);
    try {
      const answer = await question();
      if (isFailure(answer)) await this.failures.count(block);
      return answer;
    } finally {
      this.leave(block);
    }
  }

  private async enter(block: string): Promise<void> {
    const gate = this.gates.get(block) ?? { running: 0, waiting: [] };
    for (;;) {
      this.gates.set(block, gate);
      // Counted in before we look, so that no other question takes the same place meanwhile.
      gate.running += 1;
      const { count, forgottenInMs } = await this.failures.of(block);
      if (count + gate.running <= this.limit) return;
      this.stepBack(block, gate);
      if (count >= this.limit) {
        gate.waiting.shift()?.();
        throw tooMany(forgottenInMs);
      }
      if (gate.running > 0) await new Promise<void>((resolve) => gate.waiting.push(resolve));
    }
  }

  private leave(block: string): void {
    const gate = this.gates.get(block);
    if (!gate) return;
    this.stepBack(block, gate);
    // One for the place that is free now, one to find out whether there is more room: the window may have ended.
    for (const wake of gate.waiting.splice(0, 2)) wake();
  }

  private stepBack(block: string, gate: Gate): void {
    gate.running -= 1;
    if (gate.running === 0 && gate.waiting.length === 0) this.gates.delete(block);
  }
}

function tooMany(forgottenInMs: number): AntipodeError {
  const seconds = Math.max(1, Math.ceil(forgottenInMs / 1000));
  return new AntipodeError(
    'too_many_failures',
    'limiting failures',
    { seconds },
    {
      hint: `Too many failed attempts from your address. Please check the credentials and the URL, and try again in ${seconds} s.`,
    },
  );
}
