import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pc from 'picocolors';
import { eventually } from '@antipode/testing';
import { logs, type LogsOptions } from './logs.js';

const PAPER = { isTerminal: false, columns: Infinity, colours: pc.createColors(false) };

const entry = (time: string, msg: string, more: object = {}): string =>
  `${JSON.stringify({ level: 'info', time, service: 'x', node: 'local', ...more, msg })}\n`;

describe('the logs of a house', () => {
  let data: string;
  let said: string[];
  let stopFollowing = (): void => undefined;

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'antipode-logs-'));
    said = [];
    await mkdir(join(data, 'logs'));
    await write(
      'edge',
      entry('2026-03-01T12:00:01Z', 'first', { ms: 3 }) + entry('2026-03-01T12:00:03Z', 'third'),
    );
    await write(
      'postgres',
      '2026-03-01 12:00:02.000 UTC [7] LOG:  second\n2026-03-01 12:00:04.000 UTC [7] LOG:  \u001b[2Jfourth\n',
    );
  });
  afterEach(() => {
    stopFollowing();
    return rm(data, { recursive: true });
  });

  const write = (part: string, text: string): Promise<void> =>
    writeFile(join(data, 'logs', `${part}.log`), text);

  const show = (
    part: string | undefined,
    options: Partial<LogsOptions>,
    stop = new AbortController().signal,
  ) => logs(part, { data, lines: 50, ...options }, { write: (text) => said.push(text), paper: PAPER, stop });

  it('come together by time, readable, and steer no terminal', async () => {
    await show(undefined, {});
    expect(said.join('').replaceAll(/\[\d\d:00/g, '[hh:00')).toMatchInlineSnapshot(`
     "edge          [hh:00:01.000] INFO: first {"ms":3}
     postgres      2026-03-01 12:00:02.000 UTC [7] LOG:  second
     edge          [hh:00:03.000] INFO: third
     postgres      2026-03-01 12:00:04.000 UTC [7] LOG:  �[2Jfourth
     "
    `);
  });

  it('come as JSON with their part, plain lines as well', async () => {
    await show(undefined, { json: true, lines: 2 });
    expect(said.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ part: 'edge', msg: 'third' }),
      { part: 'postgres', msg: expect.stringContaining('fourth') },
    ]);
  });

  it('are the last lines of a long one', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => entry('2026-03-01T12:00:01Z', `line ${index}`));
    await write('sync', many.join(''));
    await show('sync', { lines: 2, json: true });
    expect(said.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['line 4998', 'line 4999']);
  });

  it('are followed, whole line by whole line, into a new file and into the log of a part that starts later', async () => {
    const stop = new AbortController();
    stopFollowing = () => stop.abort();
    const shown = show(undefined, { follow: true, lines: 0, json: true }, stop.signal);
    const until = (text: string): Promise<boolean> => eventually(() => said.join('').includes(text));
    const edge = join(data, 'logs/edge.log');
    await appendFile(edge, '{"msg":"half');
    await write('lfs', entry('2026-03-01T12:00:05Z', 'a new part'));
    await until('a new part');
    expect(said.join('')).not.toMatch(/half/);
    await appendFile(edge, ' and half"}\n');
    await until('half and half');
    await rename(edge, `${edge}.1`);
    await write('edge', entry('2026-03-01T12:00:06Z', 'after the rotation'));
    await until('after the rotation');
    stop.abort();
    await shown;
    expect(said).toHaveLength(3);
  });

  it('that are not there are told with those that are', async () => {
    await expect(show('nope', {})).rejects.toMatchObject({
      code: 'not_found',
      hint: 'There is no log of "nope". There are edge, postgres.',
    });
  });
});
