import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { jsonDocument, jsonLines } from './json-screen.js';
import type { Screen } from './screen.js';

/** What a start shows, a secret among it. */
function tellAll(screen: Screen): void {
  screen.say('Starting Antipode in /data');
  screen.part('edge', 'the door for git', 'ready');
  screen.say('');
  screen.progress([{ label: 'acme/a', percent: 25, note: 'receiving' }]);
  screen.settle();
  screen.confide('the password is letmein');
  screen.ready({ data: '/data' });
}

describe('the screen for programs', () => {
  it('tells what happens by one object per line, and no secret', () => {
    const out = new PassThrough({ encoding: 'utf8' });
    tellAll(jsonLines(out));
    expect(String(out.read())).toMatchInlineSnapshot(`
     "{"event":"note","text":"Starting Antipode in /data"}
     {"event":"part","name":"edge","state":"ready"}
     {"event":"progress","rows":[{"label":"acme/a","percent":25,"note":"receiving"}]}
     {"event":"ready","data":"/data"}
     "
    `);
  });

  it('tells the end alone, as one document', () => {
    const out = new PassThrough({ encoding: 'utf8' });
    tellAll(jsonDocument(out));
    expect(String(out.read())).toBe('{\n  "data": "/data"\n}\n');
  });
});
