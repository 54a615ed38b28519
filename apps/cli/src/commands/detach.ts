import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { detachedEnvironment } from '../config.js';
import { logOf, rotateLog } from '../house/logs.js';
import { demoFilePath } from '../demo/demo-file.js';
import type { Report } from '../screen/remote-screen.js';
import type { Screen } from '../screen/screen.js';
import { stoppedShort } from '../stopped-short.js';
import type { UpOptions } from './up-settings.js';

/**
 * Starts the same command again as a process of its own, shows what it reports, and returns when it is ready.
 *
 * @throws AntipodeError with the sentence that the other process failed with
 */
export async function upDetached(
  options: UpOptions,
  tools: { screen: Screen; stop: AbortSignal },
): Promise<void> {
  const dataFolder = resolve(options.data);
  const log = logOf(dataFolder, 'supervisor');
  await mkdir(dirname(log), { recursive: true });
  await rotateLog(dataFolder, 'supervisor');
  const output = openSync(log, 'a', 0o600);
  const child = spawn(process.execPath, process.argv.slice(1), {
    env: detachedEnvironment(),
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
  });
  closeSync(output);
  // Interrupted while waiting: the other one stops what it has started, and says so to us until it is gone.
  const passOn = (): void => void child.kill('SIGTERM');
  tools.stop.addEventListener('abort', passOn, { once: true });
  await new Promise<void>((ready, failed) => {
    child.once('error', failed);
    child.once('exit', () => {
      if (tools.stop.aborted) return ready();
      failed(stoppedShort('internal', `The house ended before it was ready. Its log: ${log}`));
    });
    child.on('message', (message: Report) => {
      if (message.kind === 'screen') tools.screen.show(message.event);
      if (message.kind === 'ready') ready();
      if (message.kind === 'failed') failed(stoppedShort('internal', message.sentence));
    });
  });
  if (tools.stop.aborted) return;
  // From here on the house has a life of its own: our own end must not look like somebody's wish to stop it.
  tools.stop.removeEventListener('abort', passOn);
  child.disconnect();
  child.unref();
  tools.screen.say(
    `It runs on in the background; ${demoFilePath(dataFolder)} says where. Stop it with \`npm run stop\`.`,
  );
}
