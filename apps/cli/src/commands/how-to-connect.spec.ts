import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { plainScreen } from '../screen/plain-screen.js';
import type { Screen } from '../screen/screen.js';
import { tellHowToConnect } from './how-to-connect.js';

const dataFolder = '/srv/the mirror';
const mirrorUrl = 'http://127.0.0.1:7990';
const sim = {
  workspace: 'acme',
  mirrorToken: 'mirror-token',
  users: [{ username: 'olivia', email: 'o@example.com', apiToken: 'owner-token', role: 'owner' as const }],
};

function told(tell: (screen: Screen) => void): string {
  const out = new PassThrough({ encoding: 'utf8' });
  tell(plainScreen(out));
  return `\n${String(out.read())}`;
}

describe('a mirror without a workspace', () => {
  it('says where to open it, who one may be, and what to type', () => {
    expect(told((screen) => tellHowToConnect(screen, { dataFolder, mirrorUrl, sim }))).toMatchInlineSnapshot(`
     "
     It is not connected to a workspace yet.
       in a browser  http://127.0.0.1:7990/-/
                     the primary's own page asks who you are: olivia, with the password owner-token
       by command    antipode connect --data '/srv/the mirror' --workspace acme --token-file '/srv/the mirror/secrets/primary-token'
     "
    `);
  });

  it('knows nobody on another primary than the simulator', () => {
    expect(told((screen) => tellHowToConnect(screen, { dataFolder, mirrorUrl, sim: undefined })))
      .toMatchInlineSnapshot(`
     "
     It is not connected to a workspace yet.
       in a browser  http://127.0.0.1:7990/-/
       by command    antipode connect --data '/srv/the mirror' --workspace W --token-file F
     "
    `);
  });
});
