import { Command } from 'commander';
import { z } from 'zod';
import { readConfig } from './config.js';
import { startSimulator, type RunningSimulator } from './start-simulator.js';

const program = new Command('bitbucket-sim')
  .description(
    'A simulated Bitbucket Cloud: REST, git over HTTP and SSH, OAuth, webhooks and faults on request',
  )
  .option('--port <number>', 'port to listen on, 0 for any (HTTP_PORT)')
  .option('--ssh-port <number>', 'port for SSH, 0 for any, which is the default (SSH_PORT)')
  .option('--media-port <number>', 'port for large files, 0 for any, which is the default (MEDIA_PORT)')
  .option('--host <address>', 'address to listen on (HTTP_HOST)')
  .option('--data <directory>', 'where to keep state and repositories (SIM_DATA)')
  .option('--public-url <url>', 'base of links in webhook payloads (SIM_PUBLIC_URL)')
  .option('--sample', 'make the sample workspace "acme" if it is not there (SIM_SAMPLE)');

async function main(): Promise<void> {
  program.parse();
  const config = readConfig(program.opts());
  const running = await startSimulator(config);
  endWith(running, config.supervised);
  const { url, simulator } = running;
  const media = simulator.media.url('media', config.host);
  const addresses = { url, ssh: simulator.ssh.url, media, api: `${url}/2.0`, control: `${url}/_sim` };
  process.stdout.write(`${JSON.stringify({ event: 'ready', ...addresses, pid: process.pid })}\n`);
}

function endWith(running: RunningSimulator, supervised: boolean): void {
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    void running.close().then(() => process.exit(0));
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  if (!supervised) return;
  process.stdin.on('end', end).on('error', end).resume();
}

main().catch((error: unknown) => {
  const text =
    error instanceof z.ZodError ? error.issues.map((issue) => issue.message).join('; ') : String(error);
  process.stderr.write(`bitbucket-sim: ${text}\n`);
  process.exit(1);
});
