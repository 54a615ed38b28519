import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import { bar } from './bar.js';
import { Screen, type PartState, type ProgressRow } from './screen.js';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;

/** For a terminal: a block of steps or bars that moves at the bottom, with the lines that stay above it. */
export function liveScreen(out: NodeJS.WriteStream): Screen {
  const block = new LiveBlock(out);
  return new Screen((event) => {
    switch (event.kind) {
      case 'say':
      case 'confide':
        return block.above(event.text);
      case 'part':
        return block.part(event.name, event.title, event.state);
      case 'progress':
        return block.progress(event.rows);
      case 'settle':
        return block.settle();
      case 'ready':
        return;
    }
  });
}

class LiveBlock {
  private readonly parts = new Map<string, { title: string; state: PartState }>();
  private rows: readonly ProgressRow[] = [];
  private frame = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly update: ReturnType<typeof createLogUpdate>;

  constructor(private readonly out: NodeJS.WriteStream) {
    this.update = createLogUpdate(out);
  }

  above(text: string): void {
    this.update.clear();
    this.out.write(`${text}\n`);
    this.draw();
  }

  part(name: string, title: string, state: PartState): void {
    this.parts.set(name, { title, state });
    this.move();
  }

  progress(rows: readonly ProgressRow[]): void {
    this.rows = rows;
    this.move();
  }

  settle(): void {
    this.draw();
    clearInterval(this.timer);
    this.timer = undefined;
    this.update.done();
    this.parts.clear();
    this.rows = [];
  }

  private move(): void {
    this.draw();
    // Only the spinner needs the timer; it must not keep the process alive.
    this.timer ??= setInterval(() => this.draw(), FRAME_MS).unref();
  }

  private draw(): void {
    if (this.parts.size === 0 && this.rows.length === 0) return;
    this.frame = (this.frame + 1) % FRAMES.length;
    const steps = [...this.parts].map(
      ([name, { title, state }]) => `  ${this.mark(state)} ${name.padEnd(14)} ${pc.dim(title)}`,
    );
    this.update([...steps, ...this.rows.map((row) => bar({ colours: pc }, row))].join('\n'));
  }

  private mark(state: PartState): string {
    switch (state) {
      case 'ready':
        return pc.green('✔');
      case 'stopped':
        return pc.dim('■');
      case 'starting':
      case 'stopping':
        return pc.cyan(FRAMES[this.frame] ?? '·');
    }
  }
}
