/** What the person sees of a part. */
export type PartState = 'starting' | 'ready' | 'stopping' | 'stopped';

/** One repository on its way. */
export interface ProgressRow {
  readonly label: string;
  /** 0 to 100. */
  readonly percent: number;
  /** Words behind the bar: "receiving objects, 1.2 MB". */
  readonly note: string;
}

/** Everything that can appear, as data: the process that shows it need not be the one that knows it. */
export type ScreenEvent =
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'confide'; readonly text: string }
  | { readonly kind: 'part'; readonly name: string; readonly title: string; readonly state: PartState }
  | { readonly kind: 'progress'; readonly rows: readonly ProgressRow[] }
  | { readonly kind: 'ready'; readonly facts: Readonly<Record<string, unknown>> }
  | { readonly kind: 'settle' };

/** Where the command shows what it does. */
export class Screen {
  constructor(readonly show: (event: ScreenEvent) => void) {}

  /** A line that stays. */
  say(text: string): void {
    this.show({ kind: 'say', text });
  }

  /** A line that holds a secret: for the person who looks at the terminal, never for a log. */
  confide(text: string): void {
    this.show({ kind: 'confide', text });
  }

  part(name: string, title: string, state: PartState): void {
    this.show({ kind: 'part', name, title, state });
  }

  progress(rows: readonly ProgressRow[]): void {
    this.show({ kind: 'progress', rows });
  }

  /** Everything stands: where things are, for programs; people are told by `say`. Holds no secret. */
  ready(facts: Readonly<Record<string, unknown>>): void {
    this.show({ kind: 'ready', facts });
  }

  /** What moved so far stands still from here on; later lines come below it. */
  settle(): void {
    this.show({ kind: 'settle' });
  }
}
