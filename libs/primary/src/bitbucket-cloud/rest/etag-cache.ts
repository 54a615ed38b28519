interface Entry {
  readonly etag: string;
  readonly body: unknown;
  readonly bytes: number;
}

const MOST_BYTES = 32 * 1024 * 1024;

/** Answers worth asking for again with If-None-Match; the oldest go first when they take too much memory. */
export class EtagCache {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  constructor(private readonly mostBytes: number = MOST_BYTES) {}

  get(key: string): Entry | undefined {
    return this.entries.get(key);
  }

  set(key: string, entry: Entry): void {
    this.drop(key);
    this.entries.set(key, entry);
    this.bytes += entry.bytes;
    for (const oldest of this.entries.keys()) {
      if (this.bytes <= this.mostBytes) return;
      this.drop(oldest);
    }
  }

  private drop(key: string): void {
    this.bytes -= this.entries.get(key)?.bytes ?? 0;
    this.entries.delete(key);
  }
}
