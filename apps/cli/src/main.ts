import { CommanderError } from 'commander';
import { upDetached } from './commands/detach.js';
import { down } from './commands/down.js';
import { sim } from './commands/sim.js';
import { status } from './commands/status.js';
import { up } from './commands/up.js';
import { readConfig } from './config.js';
import { buildProgram, type Actions } from './program.js';
import { openScreen } from './screen/open-screen.js';
import { remoteScreen, report } from './screen/remote-screen.js';
import { EXIT, sentenceOf } from './stopped-short.js';
import { stopSignal } from './stop-signal.js';

// Whoever reads our output may leave (`| head`); what was asked for is done all the same.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const config = readConfig();
const screen = config.detached ? remoteScreen() : openScreen();

const actions: Actions = {
  up: (options) => {
    const stop = stopSignal({ withParent: !config.detached });
    if (options.detach && !config.detached) return upDetached(options, { screen, stop });
    return up(options, { config, screen, stop, onReady: () => report({ kind: 'ready' }) });
  },
  sim: (options) => sim(options, { config, screen, stop: stopSignal({ withParent: true }) }),
  down: (options) => down(options, screen),
  status: async (options) => {
    process.exitCode = await status(options);
  },
};

const program = buildProgram(actions).exitOverride();
for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync();
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
  if (config.detached) report({ kind: 'failed', sentence: sentenceOf(error) });
  process.stderr.write(`${sentenceOf(error)}\n`);
  return EXIT.failed;
}
