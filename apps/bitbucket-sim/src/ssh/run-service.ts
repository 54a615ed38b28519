import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { Audience } from '../git/audience.js';
import { killGroup } from '../git/kill-group.js';
import type { OpenPush } from '../git/open-push.js';
import { gitEnvironment } from '../git/run-git.js';
import { allowedProtocol, serviceConfig } from '../git/service-config.js';
import type { Simulator } from '../simulator.js';
import type { Repository } from '../state/model.js';
import type { GitCommand } from './parse-command.js';
import type { Meters, SshRequest } from './run-ssh-command.js';

interface Served {
  readonly git: GitCommand;
  readonly repository: Repository;
  readonly meters: Meters;
  readonly push?: OpenPush;
}

/** Connects the channel with a stock `git upload-pack` or `git receive-pack`. @returns its exit status */
export async function runService(sim: Simulator, request: SshRequest, served: Served): Promise<number> {
  const { channel } = request;
  const { git, repository, meters, push } = served;
  const audience = new Audience(channel);

  const args = [git.service.replace(/^git-/, ''), sim.disk.path(repository)];
  const env = environment(sim, request, push);
  // A process group of its own, because upload-pack starts pack-objects.
  const child = spawn('git', args, { env, stdio: 'pipe', detached: true });
  const closed = once(child, 'close') as Promise<[number | null]>;
  // What has been pushed goes through; what nobody will read need not be packed.
  channel.once('close', () => (push ? child.stdin.destroy() : killGroup(child)));
  // The pusher speaks only after it has heard what there is.
  if (push?.dies) channel.once('data', () => audience.leave());
  channel.pipe(meters.input);
  channel.on('data', (chunk: Buffer) => sim.counters.command('ssh', chunk));
  // git may stop reading before the client stops sending; the channel must then run dry to be closed at all.
  const sending = pipeline(meters.input, child.stdin).catch(() => channel.resume());
  try {
    await Promise.all([
      pipeline(child.stdout, meters.output, audience),
      pipeline(child.stderr, new Audience(channel.stderr, channel)),
    ]);
    const [status] = await closed;
    return status ?? 255;
  } finally {
    killGroup(child);
    await closed.catch(() => undefined);
    meters.input.destroy();
    await sending;
  }
}

function environment(
  { disk, store }: Simulator,
  { protocol }: SshRequest,
  push: OpenPush | undefined,
): NodeJS.ProcessEnv {
  const { settings } = store.state;
  const allowed = allowedProtocol(protocol, settings);
  return {
    ...gitEnvironment(serviceConfig(disk, settings)),
    ...push?.environment,
    ...(allowed === undefined ? {} : { GIT_PROTOCOL: allowed }),
  };
}
