import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connectMirror } from '../src/commands/connect.js';
import { disconnectMirror } from '../src/commands/disconnect.js';
import { status } from '../src/commands/status.js';
import { MirrorClient } from '../src/mirror/mirror-client.js';
import { EXIT, exitOf, sentenceOf } from '../src/stopped-short.js';
import { FakeMirror, TOKEN, WORKSPACE_TOKEN } from './fake-mirror.js';
import { onTerminal, piped } from './papers.js';

const GOOD = { workspace: 'acme', token: WORKSPACE_TOKEN };

describe('what a person sees while a mirror is connected and disconnected', () => {
  let mirror: FakeMirror;
  let client: MirrorClient;
  let said: string[];

  beforeAll(async () => {
    mirror = await FakeMirror.open();
  });
  beforeEach(() => {
    mirror.reset();
    said = [];
    client = new MirrorClient({ url: mirror.url, token: TOKEN, tokenFrom: 'the test' });
  });
  afterAll(() => mirror[Symbol.asyncDispose]());

  /** The port is another one each time, and so is the day. */
  const shown = (text: string): string =>
    text.replaceAll(mirror.url, 'http://mirror').replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'THEN');
  const told = (): string => `\n${shown(said.join('\n'))}\n`;
  const watching = { say: (line: string) => void said.push(line), pollMs: 2 };
  const connect = (credential: Parameters<typeof connectMirror>[1] = GOOD) =>
    connectMirror(client, credential, watching);
  const disconnect = (options: { now?: boolean } = {}, answer = true, asked: string[] = []) =>
    disconnectMirror(client, options, {
      ...watching,
      confirm: (question) => Promise.resolve(asked.push(question) > 0 && answer),
    });

  async function failure(doing: Promise<unknown>): Promise<string> {
    const error: unknown = await doing.then(
      () => 'nothing was wrong',
      (thrown: unknown) => thrown,
    );
    return `${exitOf(error)} ${shown(sentenceOf(error))}`;
  }

  function unconnect(kept: { workspace: string; until: string } | null = null): void {
    Object.assign(mirror.state.connection, {
      ...{ state: 'unconnected', workspace: null, managedBy: null, keptData: kept },
    });
  }

  const tomorrow = (): string => new Date(Date.now() + 86_400_000 + 60_000).toISOString();

  describe('connect', () => {
    /** What the registry goes through after it was asked. */
    function comesTrue(): void {
      const { state } = mirror;
      state.next = [
        () => undefined,
        () => void (state.connection.reason = 'Bitbucket Cloud has not answered yet.'),
        () => Object.assign(state.connection, { state: 'connected', reason: null }),
        () => undefined,
        () => void (state.lastFullAt = new Date().toISOString()),
        () => Object.assign(state.connection.webhook, { state: 'active', reason: null, url: 'https://m/h' }),
      ];
    }

    it('tells each step, and returns with the webhook and the repositories', async () => {
      unconnect();
      comesTrue();
      const answer = await connect({ ...GOOD, email: 'a@b.example' });
      expect(mirror.state.asked).toEqual([{ ...GOOD, email: 'a@b.example' }]);
      expect(told()).toMatchInlineSnapshot(`
       "
       Asking Bitbucket Cloud about the workspace acme …
       connecting: Bitbucket Cloud has not answered yet.
       connected: looking for repositories and at the webhook
       "
      `);
      expect(piped(answer)).toMatchInlineSnapshot(`
       "
       Connected to Bitbucket Cloud, workspace acme
         webhook       active: the primary tells us of changes
         projects      3 projects at the primary. Mirrored: OPS, WEB
         repositories  3: 1 cloning, 1 ready, 1 failing
       "
      `);
      expect(onTerminal(answer)).toMatchInlineSnapshot(`
       "
       <green>Connected</> to Bitbucket Cloud, workspace acme
         <dim>webhook      </> <green>active</>: the primary tells us of changes
         <dim>projects     </> 3 projects at the primary. Mirrored: OPS, WEB
         <dim>repositories </> 3: 1 cloning, 1 ready, 1 failing
       "
      `);
      expect(Object.keys(answer.json as object)).toEqual([
        ...['connection', 'projects', 'selection', 'repositories'],
      ]);
      expect(answer.exit ?? EXIT.ok).toBe(EXIT.ok);
      expect(JSON.stringify(answer.json) + told()).not.toContain(WORKSPACE_TOKEN);
    });

    it('says why changes are only found by the sweep, where there is no webhook in the end', async () => {
      mirror.state.next = [
        () => undefined,
        () => {
          mirror.state.connection.state = 'connected';
          mirror.state.lastFullAt = new Date().toISOString();
        },
      ];
      expect(piped(await connect())).toMatchInlineSnapshot(`
       "
       Connected to Bitbucket Cloud, workspace acme
         webhook       polling only: Neither WEBHOOK_URL nor PUBLIC_URL is set.
         projects      3 projects at the primary. Mirrored: OPS, WEB
         repositories  3: 1 cloning, 1 ready, 1 failing
       "
      `);
    });

    it('deletes what another workspace has left, and says so', async () => {
      unconnect({ workspace: 'umbrella', until: tomorrow() });
      comesTrue();
      await connect();
      expect(said).toContain('What was kept of umbrella is deleted.');
    });

    it('ends with 1 where the primary refuses the credential after all', async () => {
      mirror.state.next = [
        () => undefined,
        () =>
          Object.assign(mirror.state.connection, {
            state: 'suspended',
            reason: "Bitbucket Cloud refuses this mirror's credential.",
          }),
      ];
      const answer = await connect();
      expect(answer.exit).toBe(EXIT.failed);
      expect(onTerminal(answer)).toMatchInlineSnapshot(`
       "
       <red>suspended</>: Bitbucket Cloud refuses this mirror's credential. Connect with another token: antipode connect --workspace acme --token-file F
       "
      `);
    });

    it('refuses what cannot be, with what to do instead', async () => {
      expect(await failure(connect({ ...GOOD, workspace: 'umbrella' }))).toMatchInlineSnapshot(
        `"1 The mirror is connected to the workspace acme, and it mirrors one at a time. First \`antipode disconnect\`, which stops serving acme; then connect it to umbrella. Or run a second mirror beside it."`,
      );
      unconnect();
      expect(await failure(connect({ ...GOOD, token: 'wrong' }))).toMatchInlineSnapshot(
        `"4 Bitbucket Cloud does not take this credential. Is it whole, not expired, and a workspace access token? A person's API token needs --email as well. Nothing was changed."`,
      );
      expect(await failure(connect({ ...GOOD, token: 'wrong', email: 'a@b.example' }))).toMatchInlineSnapshot(
        `"4 Bitbucket Cloud does not take this credential. Is it whole and not expired, and are --email and --username its owner's? A workspace access token needs neither. Nothing was changed."`,
      );
      expect(await failure(connect({ ...GOOD, workspace: 'nobody' }))).toMatchInlineSnapshot(
        `"5 Bitbucket Cloud shows this credential no such workspace. Is nobody the id in the workspace's URL at Bitbucket Cloud, and was the token made for it?"`,
      );
      mirror.state.connection.state = 'disconnecting';
      mirror.state.connection.keptData = { workspace: 'acme', until: tomorrow() };
      expect(await failure(connect())).toMatchInlineSnapshot(
        `"1 The mirror is being disconnected from acme. Connect it when that is done: \`antipode disconnect\` watches it."`,
      );
      mirror.state.connection.managedBy = 'settings';
      expect(await failure(connect())).toMatchInlineSnapshot(
        `"1 This mirror's connection comes from its settings (PRIMARY_KIND, PRIMARY_WORKSPACE, PRIMARY_TOKEN_FILE), and only they change it. A new token: write it into the file that PRIMARY_TOKEN_FILE names, it is read anew. To connect by command: start the mirror without the latter two (\`antipode up\` without --workspace and --token-file; with the simulator: --no-demo)."`,
      );
      expect(await failure(disconnect())).toBe(await failure(connect()));
      expect(mirror.state.asked).toEqual([]);
    });
  });

  describe('disconnect', () => {
    const gone = (): void =>
      unconnect({ workspace: 'acme', until: mirror.state.connection.keptData?.until ?? '' });

    it('says what it takes away, asks, and returns when webhook and token are gone', async () => {
      const asked: string[] = [];
      mirror.state.next = [
        () => undefined,
        () => void (mirror.state.connection.reason = 'Reads have stopped; the webhook is being withdrawn.'),
        () => undefined,
        gone,
      ];
      const answer = await disconnect({}, true, asked);
      expect(told()).toMatchInlineSnapshot(`
       "
       This disconnects the mirror at http://mirror from Bitbucket Cloud, workspace acme:
       - 3 repositories are no longer served, from this moment on, to anybody; at Bitbucket Cloud nothing of them changes.
       - The nodes delete their copies soon after that; connecting again clones anew.
       - The webhook is withdrawn and the token forgotten.
       - The list of repositories, the choice of projects and their policies are kept for the grace time (GRACE_HOURS, a week unless it is set otherwise): connecting the same workspace before that brings them back. --now deletes them at once.
       disconnecting: Reads have stopped; the webhook is being withdrawn.
       Ctrl-C ends only this watching; the same command goes on with it.
       "
      `);
      expect(asked).toEqual(['Disconnect acme?']);
      expect(shown(piped(answer))).toMatchInlineSnapshot(`
       "
       Disconnected from Bitbucket Cloud, workspace acme. What belonged to acme is kept until THEN UTC: \`antipode connect --workspace acme --token-file F\` brings it back, \`antipode disconnect --now\` deletes it.
       "
      `);
      expect(mirror.state.asked).toEqual([{ now: {} }]);
      expect(answer.json).toMatchObject({
        connection: { state: 'unconnected', keptData: { workspace: 'acme' } },
      });
    });

    it('changes nothing where the person says no', async () => {
      expect(await failure(disconnect({}, false))).toMatchInlineSnapshot(
        `"130 Nothing was changed: the mirror is as it was."`,
      );
      expect(mirror.state.asked).toEqual([]);
      expect(mirror.state.connection.state).toBe('connected');
    });

    it('with --now waits until nothing is kept', async () => {
      mirror.state.next = [() => undefined, () => undefined, gone, () => undefined, () => unconnect()];
      expect(piped(await disconnect({ now: true }))).toMatchInlineSnapshot(`
       "
       Disconnected from Bitbucket Cloud, workspace acme. Nothing is kept.
       "
      `);
      expect(mirror.state.asked).toEqual([{ now: { now: 'true' } }]);
      expect(said.filter((line) => /cannot be brought back|deleting/.test(line))).toHaveLength(2);
    });

    it('goes on to watch what was begun before, and asks nothing', async () => {
      Object.assign(mirror.state.connection, {
        ...{ state: 'disconnecting', workspace: 'acme', keptData: { workspace: 'acme', until: tomorrow() } },
      });
      mirror.state.next = [() => undefined, () => undefined, gone];
      const asked: string[] = [];
      expect(shown(piped(await disconnect({}, false, asked)))).toMatchInlineSnapshot(`
       "
       Disconnected from Bitbucket Cloud, workspace acme. What belonged to acme is kept until THEN UTC: \`antipode connect --workspace acme --token-file F\` brings it back, \`antipode disconnect --now\` deletes it.
       "
      `);
      expect([asked, mirror.state.asked]).toEqual([[], []]);
    });

    it('of a mirror that is not connected says so, and deletes with --now what is kept', async () => {
      unconnect({ workspace: 'acme', until: tomorrow() });
      expect(shown(piped(await disconnect()))).toMatchInlineSnapshot(`
       "
       The mirror is not connected. What belonged to acme is kept until THEN UTC: \`antipode connect --workspace acme --token-file F\` brings it back, \`antipode disconnect --now\` deletes it.
       "
      `);
      expect(mirror.state.asked).toEqual([]);
      mirror.state.next = [() => undefined, () => undefined, () => unconnect()];
      const asked: string[] = [];
      expect(piped(await disconnect({ now: true }, true, asked))).toMatchInlineSnapshot(`
       "
       The mirror is not connected. Nothing is kept.
       "
      `);
      expect(asked).toEqual(['Delete what is kept of acme?']);
    });
  });

  it('has the command as the next step of a mirror that is not connected', async () => {
    unconnect();
    mirror.state.connection.nextStep = 'PUT /-/api/v1/connection';
    const settings = { url: undefined, token: TOKEN, tokenFile: undefined, profile: undefined };
    const answer = await status({ url: mirror.url }, { ...settings, profileFolder: '/nowhere' });
    expect(piped(answer)).toMatch(
      /unconnected .* Connect it: antipode connect --workspace W --token-file F\n/,
    );
  });
});
