import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { gitSettings } from '../git-settings.js';
import { inTurns } from '../measure/in-turns.js';
import { run } from '../processes/run.js';
import type { Subject } from '../subject.js';
import { rowOf, type Row } from './row.js';
import type { Site } from './site.js';

/** What a person at the terminal waits for. The client's own work (index-pack) is most of it. */
export async function realCloneRows(site: Site): Promise<Row[]> {
  site.say('full clone by git itself …');
  const seconds = await inTurns(site.subjects, site.plan.realClones.runs, (subject) =>
    timedClone(site, subject),
  );
  return [
    rowOf('full clone by git itself (bare): wall time', 's', seconds, {
      direction: 'mirror ÷ baseline',
      aim: { atMost: 1.1 },
    }),
  ];
}

async function timedClone(site: Site, subject: Subject): Promise<number> {
  const target = join(site.scratch, `clone-${subject.name}`);
  const begun = performance.now();
  await run('git', ['clone', '--quiet', '--bare', `${subject.origin}/${site.large.path}.git`, target], {
    env: gitSettings(subject.credential),
  });
  const seconds = (performance.now() - begun) / 1000;
  await rm(target, { recursive: true });
  return seconds;
}
