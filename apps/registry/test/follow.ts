import { eventually } from '@antipode/testing';
import type { Json } from './open-registry.js';

/** Somebody who follows the events, and what they have heard. */
export class Following implements AsyncDisposable {
  readonly heard: { event: string; data: Json }[] = [];
  isOver = false;
  private readonly closing = new AbortController();

  private constructor(readonly response: Response) {}

  /** @throws Error where it is not answered with a stream. */
  static async open(url: string, authorization?: string): Promise<Following> {
    const closing = new AbortController();
    const headers = authorization === undefined ? {} : { authorization };
    const response = await fetch(url, { headers, signal: closing.signal });
    if (response.status !== 200) throw new Error(`following answered ${response.status}`);
    const following = new Following(response);
    closing.signal.addEventListener('abort', () => undefined);
    following.closing.signal.addEventListener('abort', () => closing.abort());
    void following.read();
    return following;
  }

  of(event: string): Json[] {
    return this.heard.filter((one) => one.event === event).map(({ data }) => data);
  }

  /** The repositories that are there, as a page that listens would have them; by path, with the phase. */
  get repositories(): Record<string, string> {
    const byId = new Map<string, Json>();
    for (const { event, data } of this.heard) {
      if (event === 'repository') byId.set(data.id, data);
      if (event === 'removed') byId.delete(data.id);
    }
    return Object.fromEntries([...byId.values()].map(({ path, phase }) => [path, phase]).sort());
  }

  async untilPaths(paths: readonly string[]): Promise<void> {
    const wanted = JSON.stringify([...paths].sort());
    await eventually(() => JSON.stringify(Object.keys(this.repositories)) === wanted);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closing.abort();
    await eventually(() => this.isOver);
  }

  private async read(): Promise<void> {
    let text = '';
    try {
      for await (const chunk of (this.response.body as ReadableStream<Uint8Array>).pipeThrough(
        new TextDecoderStream(),
      ) as unknown as AsyncIterable<string>) {
        text += chunk;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        blocks.forEach((block) => this.take(block));
      }
    } catch {
      // Let go by us, or by the other side.
    }
    this.isOver = true;
  }

  private take(block: string): void {
    const field = (name: string): string | undefined =>
      block
        .split('\n')
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2);
    const event = field('event');
    if (event !== undefined) this.heard.push({ event, data: JSON.parse(field('data') ?? 'null') });
  }
}
