import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { plainScreen } from './plain-screen.js';

describe('the screen without a terminal', () => {
  it('says a part once, when it is ready', () => {
    const { screen, said } = open();
    screen.part('edge', 'the door for git', 'starting');
    screen.part('edge', 'the door for git', 'ready');
    expect(said()).toBe('  ready    edge           the door for git\n');
  });

  it('says a bar only when it has moved by a quarter, or is full', () => {
    const { screen, said } = open();
    for (const percent of [0, 10, 24, 25, 40, 99, 100, 100])
      screen.progress([{ label: 'acme/a', percent, note: '' }]);
    expect(said().match(/\d+(?= %)/g)).toEqual(['0', '25', '99', '100']);
  });
});

function open(): { screen: ReturnType<typeof plainScreen>; said: () => string } {
  const out = new PassThrough({ encoding: 'utf8' });
  const screen = plainScreen(out);
  return { screen, said: () => (out.read() as string | null) ?? '' };
}
