import type { Writable } from 'node:stream';
import { Screen } from './screen.js';

/** For programs that follow what happens: one object per line, with its kind as `event`. Secrets stay out. */
export function jsonLines(out: Writable): Screen {
  const tell = (event: string, facts: object): void =>
    void out.write(`${JSON.stringify({ event, ...facts })}\n`);
  return new Screen((event) => {
    switch (event.kind) {
      case 'say':
        if (event.text !== '') tell('note', { text: event.text });
        break;
      case 'part':
        tell('part', { name: event.name, state: event.state });
        break;
      case 'progress':
        tell('progress', { rows: event.rows });
        break;
      case 'ready':
        tell('ready', event.facts);
        break;
      case 'confide':
      case 'settle':
        break;
    }
  });
}

/** For programs that want the end alone: one document when everything is ready. */
export const jsonDocument = (out: Writable): Screen =>
  new Screen((event) => {
    if (event.kind === 'ready') out.write(`${JSON.stringify(event.facts, null, 2)}\n`);
  });
