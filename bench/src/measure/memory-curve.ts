import { readFileSync } from 'node:fs';

export interface MemorySample {
  /** Since the first one. */
  readonly seconds: number;
  readonly bytes: number;
}

/** Resident memory of a process by itself, or its share of pages that several processes have in common. */
export type MemoryKind = 'rss' | 'pss';

const SOURCE: Record<MemoryKind, { file: string; line: RegExp }> = {
  rss: { file: 'status', line: /^VmRSS:\s+(\d+) kB$/m },
  pss: { file: 'smaps_rollup', line: /^Pss:\s+(\d+) kB$/m },
};

/** Samples the memory of some processes until it is stopped. Spec: proc_pid_status(5), proc_pid_smaps(5). */
export class MemoryCurve {
  private readonly samples: MemorySample[] = [];
  private readonly begun = performance.now();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly kind: MemoryKind,
    private readonly pids: () => readonly number[],
    everyMs: number,
  ) {
    this.sample();
    this.timer = setInterval(() => this.sample(), everyMs);
  }

  stop(): readonly MemorySample[] {
    clearInterval(this.timer);
    this.sample();
    return this.samples;
  }

  private sample(): void {
    const bytes = this.pids().reduce((sum, pid) => sum + memoryOf(pid, this.kind), 0);
    this.samples.push({ seconds: (performance.now() - this.begun) / 1000, bytes });
  }
}

function memoryOf(pid: number, kind: MemoryKind): number {
  const { file, line } = SOURCE[kind];
  try {
    return Number(line.exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    // It ended while we looked.
    return 0;
  }
}
