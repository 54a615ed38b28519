/** Wakes who sleeps. A ring that comes while nobody sleeps is heard by the next who lies down. */
export class Bell {
  private rung = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  /** Resolves after so long, at a ring, or when `signal` aborts. */
  async wait(forMs: number, signal: AbortSignal): Promise<void> {
    if (!this.rung && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, forMs);
        this.wake = () => (clearTimeout(timer), resolve());
        signal.addEventListener('abort', this.wake, { once: true });
      });
      if (this.wake) signal.removeEventListener('abort', this.wake);
    }
    this.wake = undefined;
    this.rung = false;
  }
}
