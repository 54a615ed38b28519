import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gitSettings } from '../git-settings.js';
import { cpuBetween, readCpu, totalSeconds } from '../measure/cpu-meter.js';
import { run } from '../processes/run.js';
import { ControlMaster, sshOptions } from '../ssh/control-master.js';
import type { SshSubject, SshSubjects } from '../ssh/ssh-subject.js';
import type { Side } from '../subject.js';
import { rowOf, type Row } from './row.js';
import type { Site } from './site.js';

/** The last log line and the last child's end belong to a command's price. */
const SETTLE_MS = 300;

/** The SSH door beside OpenSSH with git-shell, both on the mirror's own repositories. */
export async function sshRows(site: Site, subjects: SshSubjects): Promise<Row[]> {
  return [await noOpRow(site, subjects), ...(await cloneRows(site, subjects))];
}

/** `git ls-remote` over a connection that stands already: what a poller costs after its handshake. */
async function noOpRow(site: Site, subjects: SshSubjects): Promise<Row> {
  site.say('no-op over SSH …');
  const { runs, commands } = site.plan.ssh;
  const milliseconds = await both(subjects, runs, (subject) => noOp(site, subject, commands));
  return rowOf('ls-remote over SSH, after the handshake, 1,201 refs: server CPU each', 'ms', milliseconds, {
    direction: 'baseline ÷ mirror',
    aim: { atLeast: 5 },
  });
}

async function noOp(site: Site, subject: SshSubject, commands: number): Promise<number> {
  await using master = await ControlMaster.open(subject, site.scratch);
  const ask = () =>
    run('git', ['ls-remote', '--quiet', `${subject.origin}/${site.large.path}.git`], {
      env: { ...gitSettings(), GIT_SSH_COMMAND: master.command, GIT_SSH_VARIANT: 'ssh' },
    });
  await ask();
  const before = readCpu(subject.parts);
  for (let i = 0; i < commands; i += 1) await ask();
  await sleep(SETTLE_MS);
  return (totalSeconds(cpuBetween(before, readCpu(subject.parts))) * 1000) / commands;
}

async function cloneRows(site: Site, subjects: SshSubjects): Promise<Row[]> {
  site.say('full clone over SSH …');
  const megabytes = site.packMB;
  const throughput = await both(
    subjects,
    site.plan.realClones.runs,
    async (subject) => megabytes / (await timedClone(site, subject)),
  );
  return [
    rowOf('full clone over SSH by git itself (bare): throughput', 'MB/s', throughput, {
      direction: 'mirror ÷ baseline',
      aim: { atLeast: 0.9 },
    }),
  ];
}

async function timedClone(site: Site, subject: SshSubject): Promise<number> {
  const target = join(site.scratch, `ssh-clone-${subject.name}`);
  const begun = performance.now();
  await run('git', ['clone', '--quiet', '--bare', `${subject.origin}/${site.large.path}.git`, target], {
    env: {
      ...gitSettings(),
      GIT_SSH_COMMAND: ['ssh', ...sshOptions(subject)].join(' '),
      GIT_SSH_VARIANT: 'ssh',
    },
  });
  const seconds = (performance.now() - begun) / 1000;
  await rm(target, { recursive: true });
  return seconds;
}

/** In turns, the first of a pair changing each time. */
async function both(
  subjects: SshSubjects,
  runs: number,
  measure: (subject: SshSubject) => Promise<number>,
): Promise<Record<Side, number[]>> {
  const all: Record<Side, number[]> = { baseline: [], mirror: [] };
  for (let i = 0; i < runs; i += 1) {
    const order: Side[] = i % 2 === 0 ? ['baseline', 'mirror'] : ['mirror', 'baseline'];
    for (const side of order) all[side].push(await measure(subjects[side]));
  }
  return all;
}
