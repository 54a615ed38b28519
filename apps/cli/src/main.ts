import { CommanderError } from 'commander';
import { isAntipodeError } from '@antipode/errors';
import { cloneUrl } from './commands/clone-url.js';
import { printConfig } from './commands/config-print.js';
import { upDetached } from './commands/detach.js';
import { doctor } from './commands/doctor.js';
import { down } from './commands/down.js';
import { logs } from './commands/logs.js';
import { addProjects, allProjects, listProjects, removeProjects } from './commands/projects.js';
import { listRepositories, showRepository, syncRepositories } from './commands/repos.js';
import { sim } from './commands/sim.js';
import { status } from './commands/status.js';
import { up } from './commands/up.js';
import { readConfig, readMirrorSettings } from './config.js';
import { findMirror, type MirrorOptions } from './mirror/find-mirror.js';
import { MirrorClient } from './mirror/mirror-client.js';
import { buildProgram } from './program.js';
import type { Answer } from './screen/answer.js';
import { openScreen } from './screen/open-screen.js';
import { paperOf } from './screen/paper.js';
import { remoteScreen, report } from './screen/remote-screen.js';
import { watchStatus } from './status/watch-status.js';
import { EXIT, exitOf, sentenceOf } from './stopped-short.js';
import { stopSignal } from './stop-signal.js';
import type { Actions } from './surface/actions.js';

// Whoever reads our output may leave (`| head`); what was asked for is done all the same.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const config = readConfig();
const settings = readMirrorSettings();
const screen = config.detached ? remoteScreen() : openScreen();
/** Whether a program reads what we say; then it reads also what went wrong. */
let json = false;

const write = (text: string): void => void process.stdout.write(text);

function tell(answer: Answer): void {
  write(json ? `${JSON.stringify(answer.json, null, 2)}\n` : answer.text(paperOf(process.stdout)));
  process.exitCode = answer.exit ?? EXIT.ok;
}

const ask = async (
  options: MirrorOptions,
  question: (client: MirrorClient) => Promise<Answer>,
): Promise<void> => tell(await question(new MirrorClient(await findMirror(options, settings))));

const actions: Actions = {
  up: (options) => {
    const stop = stopSignal({ withParent: !config.detached });
    if (options.detach && !config.detached) return upDetached(options, { screen, stop });
    return up(options, { config, screen, stop, onReady: () => report({ kind: 'ready' }) });
  },
  sim: (options) => sim(options, { config, screen, stop: stopSignal({ withParent: true }) }),
  down: (options) => down(options, screen),
  status: async (options) => {
    if (!options.watch) return tell(await status(options, settings));
    const tools = { out: process.stdout, stop: stopSignal({ withParent: true }) };
    process.exitCode = await watchStatus(options, settings, tools);
  },
  doctor: async (options) => tell(await doctor(options, settings, config)),
  logs: (part, options) =>
    logs(part, options, { write, paper: paperOf(process.stdout), stop: stopSignal({ withParent: true }) }),
  printConfig: async (service, options) => tell(await printConfig(service, options, config)),
  listProjects: (options) => ask(options, listProjects),
  addProjects: (keys, options) => ask(options, (client) => addProjects(client, keys)),
  removeProjects: (keys, options) => ask(options, (client) => removeProjects(client, keys, options)),
  allProjects: (options) => ask(options, allProjects),
  listRepositories: (options) => ask(options, (client) => listRepositories(client, options)),
  showRepository: (name, options) => ask(options, (client) => showRepository(client, name)),
  syncRepositories: (names, { wait, ...options }) =>
    ask(options, (client) => syncRepositories(client, names, { waitSeconds: wait === true ? 60 : wait })),
  cloneUrl: (name, options) => ask(options, (client) => cloneUrl(client, name, options)),
};

try {
  await buildProgram(actions)
    .hook('preAction', (_program, command) => {
      json = command.opts<{ json?: true }>().json === true;
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
