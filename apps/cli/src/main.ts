import { CommanderError } from 'commander';
import { isAntipodeError } from '@antipode/errors';
import { readConfig, readMirrorSettings } from './config.js';
import type { MirrorOptions } from './mirror/find-mirror.js';
import type { MirrorClient } from './mirror/mirror-client.js';
import { jsonDocument, jsonLines } from './screen/json-screen.js';
import { openScreen } from './screen/open-screen.js';
import { buildProgram } from './program.js';
import type { Answer } from './screen/answer.js';
import { remoteScreen, report } from './screen/remote-screen.js';
import { EXIT, exitOf, sentenceOf, stoppedShort } from './stopped-short.js';
import { stopSignal } from './stop-signal.js';
import type { Actions } from './surface/actions.js';

/** Aborted when nobody reads our output any more: what goes on only for its reader ends then. */
const unread = new AbortController();
// Whoever reads our output may leave (`| head`); what was asked for is done all the same.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (stream === process.stdout) unread.abort();
  });
}

const config = readConfig();
const settings = readMirrorSettings();
let screen = config.detached ? remoteScreen() : openScreen();
/** Whether a program reads what we say; then it reads also what went wrong. */
let json = false;

const write = (text: string): void => void process.stdout.write(text);

async function tell(answer: Answer): Promise<void> {
  const { paperOf } = await import('./screen/paper.js');
  write(json ? `${JSON.stringify(answer.json, null, 2)}\n` : answer.text(paperOf(process.stdout)));
  process.exitCode = answer.exit ?? EXIT.ok;
}

async function ask(
  options: MirrorOptions,
  question: (client: MirrorClient) => Promise<Answer>,
): Promise<void> {
  const { findMirror } = await import('./mirror/find-mirror.js');
  const { MirrorClient: Client } = await import('./mirror/mirror-client.js');
  return tell(await question(new Client(await findMirror(options, settings))));
}

/** What happens on the way; programs read the end alone. */
const say = (line: string): void => {
  if (!json) write(`${line}\n`);
};

async function confirm(question: string, { yes }: { yes?: true }): Promise<boolean> {
  const { askYes, canAsk } = await import('./screen/ask-person.js');
  if (yes) return true;
  if (!json && canAsk()) return askYes(question);
  throw stoppedShort('invalid', 'Nobody can be asked here whether that is meant: say so with --yes.');
}

const untilUnread = (): AbortSignal => AbortSignal.any([stopSignal({ withParent: true }), unread.signal]);

const projects = () => import('./commands/projects.js');
const repos = () => import('./commands/repos.js');
const webhooks = () => import('./commands/webhooks.js');

// Each command loads what it needs and no more: the shell asks us for words at every Tab.
const actions: Actions = {
  up: async (options) => {
    const stop = stopSignal({ withParent: !config.detached });
    if (options.detach && !config.detached)
      return (await import('./commands/detach.js')).upDetached(options, { screen, stop });
    const { up } = await import('./commands/up.js');
    return up(options, { config, screen, stop, onReady: () => report({ kind: 'ready' }) });
  },
  sim: async (options) =>
    (await import('./commands/sim.js')).sim(options, {
      ...{ config, screen, stop: stopSignal({ withParent: true }) },
    }),
  down: async (options) => tell(await (await import('./commands/down.js')).down(options)),
  status: async (options) => {
    if (!options.watch) return tell(await (await import('./commands/status.js')).status(options, settings));
    const { watchStatus } = await import('./status/watch-status.js');
    const tools = { out: process.stdout, stop: untilUnread() };
    process.exitCode = await watchStatus(options, settings, tools);
  },
  doctor: async (options) => {
    const { doctor } = await import('./commands/doctor.js');
    return tell(await doctor(options, settings, config));
  },
  logs: async (part, options) => {
    const { logs } = await import('./commands/logs.js');
    const { paperOf } = await import('./screen/paper.js');
    const stop = untilUnread();
    return logs(part, options, { write, paper: paperOf(process.stdout), stop });
  },
  printConfig: async (service, options) => {
    const { printConfig } = await import('./commands/config-print.js');
    return tell(await printConfig(service, options, config));
  },
  connect: async ({ tokenFile, adminTokenFile, ...options }) => {
    const { readSecret } = await import('./commands/read-secret.js');
    const { connectMirror } = await import('./commands/connect.js');
    const { workspace, email, username } = options;
    const who = {
      ...(email === undefined ? {} : { email }),
      ...(username === undefined ? {} : { username }),
    };
    const mirror = adminTokenFile === undefined ? options : { ...options, tokenFile: adminTokenFile };
    return ask(mirror, async (client) => {
      const token = await readSecret("workspace's token", tokenFile, process.stdin);
      return connectMirror(client, { workspace, token, ...who }, { say });
    });
  },
  disconnect: (options) =>
    ask(options, async (client) => {
      const { disconnectMirror } = await import('./commands/disconnect.js');
      return disconnectMirror(client, options, { say, confirm: (question) => confirm(question, options) });
    }),
  listProjects: (options) => ask(options, async (client) => (await projects()).listProjects(client)),
  addProjects: (keys, options) =>
    ask(options, async (client) => (await projects()).addProjects(client, keys)),
  removeProjects: (keys, options) =>
    ask(options, async (client) => (await projects()).removeProjects(client, keys, options)),
  allProjects: (options) => ask(options, async (client) => (await projects()).allProjects(client)),
  listRepositories: (options) =>
    ask(options, async (client) => (await repos()).listRepositories(client, options)),
  showRepository: (name, options) =>
    ask(options, async (client) => (await repos()).showRepository(client, name)),
  syncRepositories: (names, { wait, ...options }) =>
    ask(options, async (client) =>
      (await repos()).syncRepositories(client, names, { waitSeconds: wait === true ? 60 : wait }),
    ),
  projectPolicy: (key, { freshness, lfsPrefetch, ...options }) =>
    ask(options, async (client) => {
      const { projectPolicy } = await import('./commands/project-policy.js');
      return projectPolicy(client, key, {
        ...(freshness === undefined ? {} : { freshness }),
        ...(lfsPrefetch === undefined ? {} : { lfsPrefetch }),
      });
    }),
  repairRepositories: (how, names, { wait, ...options }) =>
    ask(options, async (client) => {
      const { repairRepositories } = await import('./commands/repair.js');
      return repairRepositories(client, how, names, { waiting: wait, say });
    }),
  listWebhooks: (options) => ask(options, async (client) => (await webhooks()).listWebhooks(client)),
  addWebhook: (url, { secretFile, event, ...options }) =>
    ask(options, async (client) => {
      const { readSecret } = await import('./commands/read-secret.js');
      const { addWebhook, EVENTS } = await webhooks();
      const secret = await readSecret("webhook's secret", secretFile, process.stdin);
      return addWebhook(client, url, { secret, events: event ?? EVENTS });
    }),
  removeWebhook: (id, options) =>
    ask(options, async (client) => (await webhooks()).removeWebhook(client, id)),
  pingWebhook: (id, options) => ask(options, async (client) => (await webhooks()).pingWebhook(client, id)),
  listMirrors: (options) =>
    ask(options, async (client) => (await import('./commands/mirrors.js')).listMirrors(client)),
  cloneUrl: (name, options) =>
    ask(options, async (client) => (await import('./commands/clone-url.js')).cloneUrl(client, name, options)),
};

try {
  await buildProgram(actions)
    .hook('preAction', (_program, command) => {
      const options = command.opts<{ json?: true; detach?: true }>();
      json = options.json === true;
      if (json && !config.detached)
        screen = options.detach ? jsonDocument(process.stdout) : jsonLines(process.stdout);
    })
    .parseAsync();
} catch (error) {
  process.exitCode = codeFor(error);
} finally {
  // The channel to the process that started us would keep this one alive.
  if (process.connected) process.disconnect();
}

/** Tells what went wrong, once, and picks the exit code. */
function codeFor(error: unknown): number {
  // commander has printed its help or its complaint itself.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  screen.settle();
  const sentence = sentenceOf(error);
  if (config.detached) report({ kind: 'failed', sentence });
  if (json)
    write(
      `${JSON.stringify({ error: { code: isAntipodeError(error) ? error.code : 'internal', message: sentence } })}\n`,
    );
  process.stderr.write(`${sentence}\n`);
  return exitOf(error);
}
