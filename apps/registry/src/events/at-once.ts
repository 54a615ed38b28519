/** Runs at most so many of its works at the same time; the others wait their turn. */
export class AtOnce {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly most: number) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.most) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running += 1;
    try {
      return await work();
    } finally {
      // Whoever is next takes our place.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
