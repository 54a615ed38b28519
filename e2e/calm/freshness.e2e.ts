import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  eventually,
  git,
  lsRemote,
  openScratch,
  type GitCredential,
  type SimFaults,
} from '@antipode/testing';
import { sharedHouse, type Neighbourhood } from '../src/neighbourhood.js';
import { untilEqual } from '../src/same-as-primary.js';

/** The default policy, "bounded:5": an answer may be older than the primary by this much, and no more. */
const BOUND_MS = 5000;
/** What two busy cores may need to run one git. */
const SLACK_MS = 1500;

let here: Neighbourhood;
let writer: GitCredential;
let path: string;

beforeAll(async () => {
  here = await sharedHouse('calm');
  writer = here.house.credential('writer');
  path = `${here.house.workspace}/checkout-api`;
  await untilEqual(here, path);
}, 240_000);

afterEach(() => here.sim.heal());

const hookTroubles: [string, SimFaults][] = [
  ['webhooks arrive', {}],
  ['every webhook is lost', { webhooks: { drop: 'all' } }],
  ['every webhook comes twice', { webhooks: { duplicate: 'all' } }],
  ['webhooks overtake each other', { webhooks: { reorder: 4, delayMs: 300 } }],
];

describe.each(hookTroubles)('when %s', (_name, faults) => {
  it('shows a push to the primary to whoever reads after the bound', async () => {
    await here.sim.faults(faults);
    const pushed = await here.sim.commit(path, { files: { 'when.txt': String(Date.now()) } });
    const pushedAt = Date.now();

    const seenAfter = await eventually(
      async () => {
        const startedAt = Date.now();
        const { 'refs/heads/main': tip } = await lsRemote(here.house.url(path), { as: writer });
        return tip === pushed ? startedAt - pushedAt : undefined;
      },
      { timeoutMs: BOUND_MS + SLACK_MS, everyMs: 100 },
    );
    expect(seenAfter).toBeLessThanOrEqual(BOUND_MS + SLACK_MS);
  });

  it('never goes back to an older state while pushes follow each other', async () => {
    await here.sim.faults(faults);
    const order: string[] = [];
    let last = -1;
    const look = async (): Promise<void> => {
      const { 'refs/heads/main': tip = '' } = await lsRemote(here.house.url(path), { as: writer });
      const at = order.indexOf(tip);
      if (at < 0) return; // The state before this test.
      expect(at).toBeGreaterThanOrEqual(last);
      last = at;
    };
    for (let n = 0; n < 8; n += 1) {
      order.push(await here.sim.commit(path, { files: { 'n.txt': `${n} ${Date.now()}` } }));
      await look();
    }
    await eventually(async () => {
      await look();
      return last === order.length - 1;
    });
  });
});

it('brings a push made with git to a colleague who pulls through the mirror', async () => {
  await using scratch = await openScratch();
  const [mine, theirs] = [scratch.file('mine'), scratch.file('theirs')];
  await git(['clone', '--quiet', here.house.url(path), theirs], { as: writer });
  await git(['clone', '--quiet', here.house.primaryUrl(path), mine], { as: writer });

  await git(['commit', '--quiet', '--allow-empty', '--message', 'From a desk'], { cwd: mine });
  await git(['push', '--quiet'], { cwd: mine, as: writer });
  const tip = await git(['rev-parse', 'HEAD'], { cwd: mine });

  await eventually(
    async () => {
      await git(['pull', '--quiet', '--ff-only'], { cwd: theirs, as: writer });
      return (await git(['rev-parse', 'HEAD'], { cwd: theirs })) === tip;
    },
    { timeoutMs: BOUND_MS + SLACK_MS, everyMs: 200 },
  );
});

it('follows new and deleted branches, moved tags and a changed main branch, without any webhook', async () => {
  await here.sim.faults({ webhooks: { drop: 'all' } });
  await here.sim.moveRefs(path, {
    'refs/heads/short-lived': 'refs/heads/main',
    'refs/tags/moving': 'refs/heads/main',
    'refs/heads/other-main': 'refs/heads/main~1',
  });
  await untilEqual(here, path, BOUND_MS + SLACK_MS);
  await here.sim.moveRefs(path, { 'refs/heads/short-lived': null, 'refs/tags/moving': 'refs/heads/main~2' });
  const refs = await untilEqual(here, path, BOUND_MS + SLACK_MS);
  expect(refs).not.toHaveProperty('refs/heads/short-lived');
});
