import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerChannel } from 'ssh2';
import type { KeyHolder } from '../access/principal.js';
import type { Target } from '../faults/faults.js';
import { admit } from '../git/admit.js';
import { openPush, PACK_CUT_BYTES } from '../git/open-push.js';
import { Refused, TEXT } from '../git/refused.js';
import { CutOff, Meter } from '../http/meter.js';
import type { Simulator } from '../simulator.js';
import { grantLfs } from './grant-lfs.js';
import { parseCommand, parseLfsCommand, type GitCommand, type LfsCommand } from './parse-command.js';
import { runService } from './run-service.js';

export interface SshRequest {
  readonly channel: ServerChannel;
  readonly holder: KeyHolder;
  /** Undefined: a shell was asked for. */
  readonly command: string | undefined;
  /** What the client set GIT_PROTOCOL to. */
  readonly protocol: string | undefined;
  /** Breaks the connection, as a fault wants it. */
  readonly cut: () => void;
}

/** What flows through a channel, counted. */
export interface Meters {
  readonly input: Meter;
  readonly output: Meter;
}

/** §10 */
const GREETING =
  'authenticated via ssh key.\n\nYou can use git to connect to Bitbucket. Shell access is disabled\n';
const UNKNOWN = 'Invalid command.\nYou can use git to connect to Bitbucket. Shell access is disabled\n';

const FAILED = 1;
/** git-lfs takes this exit status, and no other, for "there is no such thing here". */
const UNSUPPORTED = 127;

const operationOf = ({ service }: GitCommand) =>
  service === 'git-upload-pack' ? ('upload-pack' as const) : ('receive-pack' as const);

/** Answers one exec or shell request, and ends its channel with an exit status. */
export async function runSshCommand(sim: Simulator, request: SshRequest): Promise<void> {
  const { channel, command } = request;
  const git = command === undefined ? undefined : parseCommand(command);
  const lfs = command === undefined ? undefined : parseLfsCommand(command);
  if (lfs) return runLfsCommand(sim, request, lfs);
  if (!git) {
    end(channel, talk(channel, command));
    return sim.counters.ssh(undefined, 'other', { status: FAILED, bytesIn: 0, bytesOut: 0 });
  }
  const cutAfter = sim.faults.takeTruncation(targetOf(git));
  const meters: Meters = { input: new Meter(), output: new Meter(cutAfter) };
  let status = FAILED;
  try {
    status = await serve(sim, request, git, meters);
    end(channel, status);
  } catch (error) {
    refuse(request, error);
  } finally {
    const answered = { status, bytesIn: meters.input.bytes, bytesOut: meters.output.bytes };
    sim.counters.ssh(`${git.workspace}/${git.slug}`, operationOf(git), answered);
  }
}

async function runLfsCommand(sim: Simulator, request: SshRequest, lfs: LfsCommand): Promise<void> {
  const { channel, holder } = request;
  const path = `/${lfs.workspace}/${lfs.slug}.git/git-lfs-authenticate`;
  let status = FAILED;
  let bytesOut = 0;
  try {
    await strike(sim, { class: 'ssh', method: 'SSH', path });
    const grant = JSON.stringify(grantLfs(sim, holder, lfs));
    channel.write(grant);
    bytesOut = grant.length;
    end(channel, (status = 0));
  } catch (error) {
    refuse(request, error);
  } finally {
    sim.counters.ssh(`${lfs.workspace}/${lfs.slug}`, 'other', { status, bytesIn: 0, bytesOut });
  }
}

async function serve(sim: Simulator, request: SshRequest, git: GitCommand, meters: Meters): Promise<number> {
  await strike(sim, targetOf(git));
  const repository = admit(sim, { ...git, who: request.holder, asks: 'everything' });
  if (git.service === 'git-upload-pack') return runService(sim, request, { git, repository, meters });
  await using push = await openPush(sim, { repository, who: request.holder, door: 'ssh' });
  if (push.dies === 'pack') meters.input.cutAfter(PACK_CUT_BYTES);
  const status = await runService(sim, request, { git, repository, meters, push });
  await push.record();
  if (push.dies) throw new CutOff('died of a fault');
  return status;
}

const targetOf = (git: GitCommand) => ({
  class: 'ssh' as const,
  method: 'SSH',
  path: `/${git.workspace}/${git.slug}.git/${git.service}`,
  operation: operationOf(git),
});

/** The faults that are in force. @throws CutOff, Refused */
async function strike({ faults }: Simulator, target: Target): Promise<void> {
  if (faults.plan.down !== null) throw new CutOff('down');
  if (faults.latencyMs('ssh') > 0) await sleep(faults.latencyMs('ssh'));
  const failure = faults.takeFailure(target);
  if (failure) throw new Refused(failure.status, failure.status === 429 ? TEXT.limited : TEXT.unavailable);
}

/** @returns the exit status */
function talk(channel: ServerChannel, command: string | undefined): number {
  if (command === undefined) channel.write(GREETING);
  else channel.stderr.write(UNKNOWN);
  return command?.startsWith('git-lfs-') ? UNSUPPORTED : FAILED;
}

function refuse({ channel, cut }: SshRequest, error: unknown): void {
  if (error instanceof CutOff) return cut();
  if (!(error instanceof Refused)) process.stderr.write(`${String(error)}\n`);
  channel.stderr.write(`${error instanceof Refused ? error.message : 'Internal Server Error'}\n`);
  end(channel, FAILED);
}

/** The status must come before the end of the stream: ending a server's channel also closes it. */
function end(channel: ServerChannel, status: number): void {
  channel.exit(status);
  channel.end();
}
