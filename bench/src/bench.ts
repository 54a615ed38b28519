import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Baseline } from './baseline/baseline.js';
import { ensureApache } from './baseline/ensure-apache.js';
import { ensureNginx } from './baseline/nginx.js';
import { BenchHouse } from './house/bench-house.js';
import { trafficBetween, type Traffic } from './house/primary-traffic.js';
import { recordAll } from './load/exchanges.js';
import { LoadGenerator } from './load/load-generator.js';
import type { Options } from './options.js';
import { describeMachine, type Machine } from './report/machine.js';
import type { Results } from './report/results.js';
import { makeRepository } from './repository/make-repository.js';
import { packBytes } from './repository/pack-bytes.js';
import type { Shape } from './repository/shape.js';
import { cloneRows } from './rows/clones.js';
import { noOpRows } from './rows/no-op.js';
import { parallelRows } from './rows/parallel.js';
import { lfsRows } from './rows/lfs.js';
import { planOf } from './rows/plan.js';
import { pushRows } from './rows/push.js';
import { realCloneRows } from './rows/real-clones.js';
import type { Served, Site } from './rows/site.js';
import { sshRows } from './rows/ssh.js';
import { verifyRefs } from './rows/verify.js';
import { wanResult } from './rows/wan.js';
import { ensureSshd } from './ssh/ensure-sshd.js';
import { Sshd } from './ssh/sshd.js';
import type { SshSubjects } from './ssh/ssh-subject.js';
import type { Subjects } from './subject.js';

/** Sets both servers up, measures everything, and takes both down again, however it ends. @param interrupted rejects to end it early */
export async function bench(
  options: Options,
  say: (line: string) => void,
  interrupted: Promise<never>,
): Promise<Results> {
  const plan = planOf(options.size);
  const apache = await ensureApache(say);
  const sshd = await ensureSshd(say);
  const nginx = await ensureNginx(say);
  const machine = await describeMachine(apache);
  if (machine.loadBefore > 0.5) {
    say(
      `The machine is busy (load ${machine.loadBefore.toFixed(1)}): ratios may hold, absolute numbers will not.`,
    );
  }
  say('Making the repositories …');
  const made = new Map<Shape, string>();
  for (const shape of [plan.small, plan.large]) {
    made.set(shape, await makeRepository(join(options.folder, 'repositories'), shape));
  }
  say('Starting the house …');
  await using house = await BenchHouse.start(join(options.folder, 'house'), options.portBase);
  say('Publishing the repositories on the primary, and waiting for the mirror …');
  const small = await house.publish(plan.small.slug, made.get(plan.small) ?? '');
  const before = await house.traffic();
  const large = await house.publish(plan.large.slug, made.get(plan.large) ?? '');
  const firstSync = trafficBetween(before, await house.traffic());
  await using baseline = await Baseline.start({
    folder: join(options.folder, 'baseline'),
    apache,
    repositories: new Map([
      [house.path(plan.small.slug), small],
      [house.path(plan.large.slug), large],
    ]),
  });
  await using openssh = await Sshd.start({
    folder: join(options.folder, 'sshd'),
    program: sshd,
    repositories: baseline.repositories,
  });
  await using generator = new LoadGenerator();
  const subjects = { baseline: baseline.subject, mirror: house.subject };
  const scratch = join(options.folder, 'scratch');
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  const site: Site = {
    plan,
    house,
    subjects,
    generator,
    scratch,
    say,
    small: await served(subjects, house.path(plan.small.slug), scratch),
    large: await served(subjects, house.path(plan.large.slug), scratch),
    packMB: (await packBytes(large)) / 1e6,
  };
  const ssh = { baseline: openssh.subject, mirror: await house.sshSubject(scratch) };
  return await Promise.race([interrupted, measure(site, { machine, firstSync, ssh, nginx })]);
}

async function served(subjects: Subjects, path: string, scratch: string): Promise<Served> {
  return {
    path,
    exchanges: {
      baseline: await recordAll(subjects.baseline, path, scratch),
      mirror: await recordAll(subjects.mirror, path, scratch),
    },
  };
}

async function measure(
  site: Site,
  facts: { machine: Machine; firstSync: Traffic; ssh: SshSubjects; nginx: string },
): Promise<Results> {
  await verifyRefs(site, site.small.path);
  const refs = await verifyRefs(site, site.large.path);
  const noOp = await noOpRows(site);
  const before = await site.house.traffic();
  const clones = await cloneRows(site);
  const parallel = await parallelRows(site);
  const during = trafficBetween(before, await site.house.traffic());
  const real = await realCloneRows(site);
  const ssh = await sshRows(site, facts.ssh);
  const wan = await wanResult(site, {
    firstSync: facts.firstSync,
    during,
    counted: clones.answered + parallel.answered,
  });
  const lfs = await lfsRows({ ...site, nginx: facts.nginx });
  // Last: it changes what the mirror has.
  const push = await pushRows(site);
  const { rows, ...memory } = parallel;
  return {
    plan: site.plan.name,
    measuredOn: new Date().toISOString().slice(0, 10),
    machine: facts.machine,
    repository: { packMB: site.packMB, commits: site.plan.large.commits, refs },
    rows: [...noOp, ...clones.rows, ...real, ...rows, ...ssh, ...lfs, ...push],
    shares: clones.shares,
    parallel: { ...memory, clients: site.plan.parallel.clients },
    wan,
  };
}
