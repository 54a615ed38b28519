import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { EventStream } from './event-stream.js';
import type { ToldRepository } from './told-repository.js';

/** A connection whose reader reads when the test says so. */
class Connection extends EventEmitter {
  readonly written: string[] = [];
  isSlow = false;
  destroyed = false;
  writableEnded = false;

  write(text: string): boolean {
    this.written.push(text);
    return !this.isSlow;
  }

  read(): void {
    this.isSlow = false;
    this.emit('drain');
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

const open = (
  sight: EventStream['sight'] = { all: true },
  wanted: ReadonlySet<string> | null = null,
): { connection: Connection; stream: EventStream } => {
  const connection = new Connection();
  const stream = new EventStream(connection as unknown as ServerResponse, sight, wanted);
  stream.release();
  return { connection, stream };
};

const told = (id: string, text: string, isOpen = false): ToldRepository => ({
  id,
  isOpen,
  forAdministrators: text,
  forOthers: `${text} in short`,
});

describe('a stream of events', () => {
  it('keeps the newest state of each repository for a slow reader, and nothing else', () => {
    const { connection, stream } = open();
    connection.isSlow = true;
    stream.offerRepository(told('a', 'a 0'), 0);
    for (let n = 1; n <= 1000; n += 1) {
      stream.offerRepository(told('a', `a ${n}`), n);
      stream.offerRepository(told('b', `b ${n}`), n);
    }
    expect(connection.written).toEqual(['a 0']);
    connection.read();
    expect(connection.written).toEqual(['a 0', 'a 1000', 'b 1000']);
  });

  it('lets go of a reader who falls too far behind', () => {
    const { connection, stream } = open();
    connection.isSlow = true;
    for (let n = 0; n < 2500 && !connection.destroyed; n += 1) stream.offerRepository(told(`${n}`, 'x'), n);
    expect(connection.destroyed).toBe(true);
  });

  it('never lets what was read earlier overtake a snapshot that was read later, nor lose what is newer', async () => {
    const { connection, stream } = open();
    stream.hold();
    stream.offerRepository(told('a', 'older'), 1);
    stream.offerRepository(told('b', 'newer'), 3);
    await stream.tell(told('a', 'snapshot of a'), 2);
    await stream.tell(told('b', 'snapshot of b'), 2);
    stream.release();
    expect(connection.written).toEqual(['snapshot of a', 'snapshot of b', 'newer']);
  });

  it('waits for a slow reader between the parts of a snapshot', async () => {
    const { connection, stream } = open();
    connection.isSlow = true;
    let isTold = false;
    const telling = stream.tell(told('a', 'a'), 1).then(() => (isTold = true));
    await Promise.resolve();
    expect(isTold).toBe(false);
    connection.read();
    await telling;
  });

  it('tells others in short, and takes back what is open no longer; of the rest they hear nothing', () => {
    const { connection, stream } = open({ all: false, ids: new Set(['mine']) });
    stream.offerRepository(told('mine', 'mine'), 1);
    stream.offerRepository(told('open', 'open', true), 1);
    stream.offerRepository(told('hidden', 'hidden'), 1);
    stream.offerRemoval('hidden', 2);
    stream.offerRepository(told('open', 'open'), 2);
    stream.offerRepository(told('open', 'open'), 3);
    expect(connection.written).toEqual([
      'mine in short',
      'open in short',
      'event: removed\ndata: {"id":"open"}\n\n',
    ]);
  });

  it('tells only of those that are wanted', () => {
    const { connection, stream } = open({ all: true }, new Set(['a']));
    stream.offerRepository(told('b', 'b'), 1);
    stream.offerRemoval('b', 1);
    stream.offerRepository(told('a', 'a'), 1);
    expect(connection.written).toEqual(['a']);
  });
});
