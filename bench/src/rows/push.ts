import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gitSettings } from '../git-settings.js';
import { run } from '../processes/run.js';
import { rowOf, type Row } from './row.js';
import type { Site } from './site.js';

/** Both are HTTPS to the same primary, with the same credential: one directly, one through the mirror. */
const WAYS = ['direct', 'mirror'] as const;
type Way = (typeof WAYS)[number];

/** One commit with a large random file, pushed to the primary directly and through the mirror. */
export async function pushRows(site: Site): Promise<Row[]> {
  site.say('push …');
  const { runs, megabytes } = site.plan.push;
  const work = join(site.scratch, 'push');
  await rm(work, { recursive: true, force: true });
  await run('git', ['init', '--quiet', work], { env: settings(site) });
  const seconds: Record<Way, number[]> = { direct: [], mirror: [] };
  for (let i = 0; i < runs; i += 1) {
    for (const way of i % 2 === 0 ? WAYS : WAYS.toReversed())
      seconds[way].push(await timedPush(site, { work, way, name: `bench-${i}-${way}`, megabytes }));
  }
  await rm(work, { recursive: true });
  return [
    rowOf(
      `push of ${megabytes} MB: wall time (direct to the primary against through the mirror)`,
      's',
      { baseline: seconds.direct, mirror: seconds.mirror },
      { direction: 'mirror ÷ baseline', aim: { atMost: 1.15 } },
    ),
  ];
}

async function timedPush(
  site: Site,
  push: { work: string; way: Way; name: string; megabytes: number },
): Promise<number> {
  const { work, way, name, megabytes } = push;
  const env = settings(site);
  // New bytes each time: what the primary has already would not travel again.
  await writeFile(join(work, 'random'), randomBytes(megabytes * 1e6));
  await run('git', ['checkout', '--quiet', '--orphan', name], { cwd: work, env });
  await run('git', ['add', 'random'], { cwd: work, env });
  await run('git', ['commit', '--quiet', '--message', name], { cwd: work, env });
  const origin = way === 'direct' ? site.house.primaryOrigin : site.subjects.mirror.origin;
  const begun = performance.now();
  await run('git', ['push', '--quiet', `${origin}/${site.small.path}.git`, `HEAD:refs/heads/${name}`], {
    cwd: work,
    env,
  });
  return (performance.now() - begun) / 1000;
}

function settings(site: Site): Record<string, string> {
  const person = { GIT_AUTHOR_NAME: 'Bench', GIT_AUTHOR_EMAIL: 'bench@example.com' };
  const committer = { GIT_COMMITTER_NAME: 'Bench', GIT_COMMITTER_EMAIL: 'bench@example.com' };
  return { ...gitSettings(site.subjects.mirror.credential), ...person, ...committer };
}
