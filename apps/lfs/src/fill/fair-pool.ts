type Task = () => Promise<void>;

/**
 * Runs so many tasks at once, and takes the next one from whoever had none for longest: who brings a hundred thousand
 * does not keep others waiting.
 */
export class FairPool {
  /** Of each owner with waiting tasks; who was served goes to the end. */
  private readonly waiting = new Map<string, Task[]>();
  private running = 0;

  /**
   * @param concurrency tasks at the same time
   * @param onDrained told when an owner's last waiting task has started
   */
  constructor(
    private readonly concurrency: number,
    private readonly onDrained: (owner: string) => void,
  ) {}

  /** Resolves when the task has run; rejects as it does. */
  run(owner: string, task: Task): Promise<void> {
    return new Promise((resolve, reject) => {
      const tasks = this.waiting.get(owner) ?? [];
      tasks.push(() => task().then(resolve, reject));
      this.waiting.set(owner, tasks);
      this.startNext();
    });
  }

  /** How many of an owner's tasks have not started yet. */
  waitingOf(owner: string): number {
    return this.waiting.get(owner)?.length ?? 0;
  }

  private startNext(): void {
    while (this.running < this.concurrency) {
      const [next] = this.waiting;
      if (!next) return;
      const [owner, tasks] = next;
      const task = tasks.shift();
      this.waiting.delete(owner);
      if (tasks.length > 0) this.waiting.set(owner, tasks);
      if (task) this.start(task);
      if (tasks.length === 0) this.onDrained(owner);
    }
  }

  private start(task: Task): void {
    this.running += 1;
    void task().finally(() => {
      this.running -= 1;
      this.startNext();
    });
  }
}
