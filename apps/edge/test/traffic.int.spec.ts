import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AntipodeError } from '@antipode/errors';
import type { registry } from '@antipode/contracts';
import { git, tryGit } from '@antipode/testing';
import { TrafficReporter } from '../src/telemetry/traffic-reporter.js';
import { ask } from './ask.js';
import { basic, GivenEdge, READER, WRITER } from './given-edge.js';
import { GivenSsh } from './given-ssh.js';

let edge: GivenEdge;

beforeAll(async () => {
  edge = await GivenEdge.open({ settings: { PUSH_PUBLISH_SECONDS: '1' } });
  await edge.add();
  await edge.add('acme/unsynced', { synced: false });
  await git(['config', 'http.receivepack', 'true'], { cwd: edge.mirrors.origin() });
});
afterAll(() => edge[Symbol.asyncDispose]());

/** The newest totals of a door, over all minutes of this test. */
function totalsOf(door: string): Omit<registry.TrafficMinute, 'minuteMs' | 'door'> {
  const newest = new Map<number, registry.TrafficMinute>();
  for (const { minutes } of edge.neighbours.traffic)
    for (const minute of minutes) if (minute.door === door) newest.set(minute.minuteMs, minute);
  const sums = { fetches: 0, pushes: 0, lfsDownloads: 0, ownBytes: 0, passedBytes: 0, failures: 0 };
  for (const minute of newest.values())
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += minute[name];
  return sums;
}

it('tells the registry what was served by door, again where it was away, and nothing of pages', async () => {
  // From the beginning: on a busy machine the reporter's own turn comes meanwhile.
  edge.neighbours.failing.reportTraffic = new AntipodeError('service_unavailable', 'failing on request');
  const ssh = new GivenSsh(edge);
  const ann = await ssh.known('ann', { authorization: basic(WRITER) });
  const target = (name: string) => ['--quiet', '--bare', name, `${edge.folder}/${Math.random()}`];
  for (const protocol of [0, 2] as const) {
    await git(['clone', ...target(edge.repositoryUrl())], { as: READER, protocol });
    await ssh.git([ann], ['clone', ...target(ssh.url())], { protocol });
    await git(['ls-remote', edge.repositoryUrl()], { as: READER, protocol });
    await ssh.git([ann], ['ls-remote', ssh.url()], { protocol });
  }
  await git(['clone', ...target(edge.repositoryUrl('acme/unsynced'))], { as: READER });
  await git(['push', '--quiet', edge.repositoryUrl(), 'HEAD:refs/heads/new'], {
    as: WRITER,
    cwd: edge.mirrors.origin(),
  });
  await ask(edge.url, '/-/api/v1/status');
  await tryGit(['ls-remote', edge.repositoryUrl('acme/missing')], { as: READER });
  edge.neighbours.failing.authorize = new AntipodeError('internal', 'failing on request');
  await tryGit(['ls-remote', edge.repositoryUrl('acme/other')], { as: READER });
  delete edge.neighbours.failing.authorize;

  const reporter = edge.app.get(TrafficReporter);
  await reporter.onApplicationShutdown();
  expect(edge.neighbours.traffic).toEqual([]);
  delete edge.neighbours.failing.reportTraffic;
  await reporter.onApplicationShutdown();

  expect(totalsOf('http')).toMatchObject({ fetches: 3, pushes: 1, lfsDownloads: 0, failures: 1 });
  expect(totalsOf('ssh')).toMatchObject({ fetches: 2, pushes: 0, failures: 0 });
  for (const door of ['http', 'ssh']) expect(totalsOf(door).ownBytes).toBeGreaterThan(1000);
  expect(totalsOf('http').passedBytes).toBeGreaterThan(1000);
  const [first] = edge.neighbours.traffic;
  expect(first).toMatchObject({ node: 'local', boot: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  // What has arrived is not told again.
  const told = edge.neighbours.traffic.length;
  await reporter.onApplicationShutdown();
  expect(edge.neighbours.traffic).toHaveLength(told);
});
