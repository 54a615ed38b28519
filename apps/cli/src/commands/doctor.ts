import { resolve } from 'node:path';
import { isAntipodeError } from '@antipode/errors';
import type { MirrorSettings } from '../config.js';
import {
  checkDisk,
  checkGit,
  checkGitLfs,
  checkRedisProgram,
  checkSshCiphers,
} from '../doctor/check-machine.js';
import { checkMirror } from '../doctor/check-mirror.js';
import { checkClock, checkPrimary, checkTls, knock } from '../doctor/check-network.js';
import { checkPostgres, checkRedis } from '../doctor/check-stores.js';
import { fail, ok, warn, type Finding } from '../doctor/finding.js';
import { DEFAULT_DATA, findMirror, type Mirror, type MirrorOptions } from '../mirror/find-mirror.js';
import type { LocalHouse } from '../mirror/local-house.js';
import { findPostgres } from '../parts/postgres-programs.js';
import type { Answer } from '../screen/answer.js';
import type { Paper } from '../screen/paper.js';
import { EXIT, sentenceOf } from '../stopped-short.js';

/** `doctor`: looks at everything that a mirror needs, here and as far as it can be seen from here. */
export async function doctor(
  options: MirrorOptions,
  settings: MirrorSettings,
  { home }: { home: string },
): Promise<Answer> {
  const mirror = await findMirror(options, settings).catch((error: unknown) => {
    // Nothing runs here: no reason to say nothing. One that was named and cannot be looked at is another matter.
    if (isAntipodeError(error) && error.code === 'service_unavailable') return error;
    throw error;
  });
  const findings =
    mirror instanceof Error ? await withoutMirror(options, home, mirror) : await withMirror(home, mirror);
  const failed = findings.some(({ outcome }) => outcome === 'fail');
  return {
    json: { ok: !failed, checks: findings.map((finding) => ({ next: null, ...finding })) },
    text: (paper) => findingsText(paper, findings),
    exit: failed ? EXIT.failed : EXIT.ok,
  };
}

/** Before a first start: what `up` will need. */
async function withoutMirror(options: MirrorOptions, home: string, why: Error): Promise<Finding[]> {
  return Promise.all([
    checkGit(),
    checkGitLfs(),
    checkRedisProgram(),
    checkPostgresProgram(),
    Promise.resolve(checkSshCiphers(home)),
    checkDisk(resolve(options.data ?? DEFAULT_DATA)),
    Promise.resolve(warn('mirror', 'none to look at', sentenceOf(why))),
  ]);
}

async function withMirror(home: string, mirror: Mirror): Promise<Finding[]> {
  const { house } = mirror;
  const found = await Promise.all([
    checkGit(),
    checkGitLfs(),
    ...(house ? ofThisMachine(house, home) : []),
    checkMirror(mirror),
    house ? checkPrimary(house.primary) : clockOf(mirror),
    checkTls(mirror.url),
  ]);
  return found.flat();
}

const ofThisMachine = (house: LocalHouse, home: string): (Finding | Promise<Finding>)[] => [
  checkRedis(house),
  checkPostgres(house),
  checkSshCiphers(home),
  checkDisk(house.dataFolder),
];

/** Of a mirror elsewhere only its own clock can be seen; that it does not answer is told by its own line. */
const clockOf = (mirror: Mirror): Promise<Finding[]> =>
  knock(`${mirror.url}/-/api/v1/openapi.json`).then(
    (knocked) => [checkClock(knocked, "the mirror's")],
    () => [],
  );

const checkPostgresProgram = (): Promise<Finding> =>
  findPostgres().then(
    ({ version }) => ok('PostgreSQL', `${version}, from its package`),
    (error: unknown) => fail('PostgreSQL', 'no binaries for this machine', sentenceOf(error)),
  );

const MARKS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

function findingsText({ colours }: Paper, findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const line = ({ check, outcome, seen, next }: Finding): string =>
    `${colours[MARKS[outcome]](outcome.padEnd(4))}  ${check.padEnd(width)}  ${seen}\n` +
    (next === undefined ? '' : `${' '.repeat(width + 8)}${colours.dim(`→ ${next}`)}\n`);
  const number = (outcome: Finding['outcome']): number =>
    findings.filter((finding) => finding.outcome === outcome).length;
  return `${findings.map(line).join('')}\n${number('ok')} ok, ${number('warn')} to look at, ${number('fail')} broken\n`;
}
