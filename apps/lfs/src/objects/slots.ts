import { AntipodeError } from '@antipode/errors';

/** So many at the same time; the others wait in line. */
export class Slots {
  private free: number;
  private readonly line = new Set<() => void>();

  constructor(most: number) {
    this.free = most;
  }

  /** Resolves with the function that gives the place back. @throws AntipodeError `cancelled` */
  async take(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw cancelled();
    if (this.free > 0) this.free -= 1;
    else await this.wait(signal);
    return once(() => this.give());
  }

  private wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.line.delete(go);
        reject(cancelled());
      };
      signal.addEventListener('abort', leave, { once: true });
      this.line.add(go);
    });
  }

  private give(): void {
    const [next] = this.line;
    if (!next) {
      this.free += 1;
      return;
    }
    this.line.delete(next);
    next();
  }
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}

const cancelled = (): AntipodeError => new AntipodeError('cancelled', 'waiting in line for an object');
