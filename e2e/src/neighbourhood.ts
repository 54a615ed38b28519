import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { House, SimApi, type HouseOptions } from '@antipode/testing';
import { MirrorApi } from './mirror-api.js';

/** A house with its simulated primary, and the hands to move both. */
export interface Neighbourhood {
  readonly house: House;
  readonly sim: SimApi;
  readonly mirror: MirrorApi;
}

/** How long a positive verdict lives in the houses under test. */
export const VERDICT_MS = 5000;
/** How often a linked account's keys are read there, and how long the SSH door remembers whose a key is. */
export const KEY_READ_MS = 3000;
export const KEY_CACHE_MS = 1000;

/** Shorter lives than in earnest, so that a test can outlive them; and all callers of the tests have one address. */
const HASTE: Readonly<Record<string, string>> = {
  VERDICT_SECONDS: String(VERDICT_MS / 1000),
  SWEEP_SECONDS: '5',
  FULL_SWEEP_SECONDS: '15',
  FAILURE_LIMIT: '100000',
  KEY_READ_SECONDS: String(KEY_READ_MS / 1000),
  SSH_KEY_CACHE_SECONDS: String(KEY_CACHE_MS / 1000),
  UNKNOWN_KEY_LIMIT: '100000',
  LINK_PAGE_LIMIT: '100000',
};

/** Those projects of the sample workspace that are mirrored; DATA stays outside. */
export const SELECTED = ['WEB', 'PUB'];

/**
 * The house that all suites share which leave it as they found it ("calm"), or which shake it and put it right
 * again ("rough"): started by whoever comes first, stopped at the end of the run.
 */
export async function sharedHouse(name: 'calm' | 'rough'): Promise<Neighbourhood> {
  const data = join(folder(), name);
  const house = existsSync(join(data, 'demo.json'))
    ? await House.attach(data)
    : await House.start({ data, env: HASTE });
  const neighbourhood = handsFor(house);
  await neighbourhood.sim.heal();
  await neighbourhood.mirror.select(SELECTED);
  await neighbourhood.mirror.untilSynced();
  return neighbourhood;
}

/** A house of the suite's own. */
export async function ownHouse(name: string, options: Omit<HouseOptions, 'data'> = {}): Promise<House> {
  return House.start({ ...options, data: join(folder(), name), env: { ...HASTE, ...options.env } });
}

export function handsFor(house: House): Neighbourhood {
  const owner = house.user('owner');
  return {
    house,
    sim: new SimApi(house.demo.primary.url, { username: owner.email, password: owner.apiToken }),
    mirror: new MirrorApi(house.demo.mirror.url, house.demo.mirror.adminToken),
  };
}

export function folder(): string {
  const path = process.env['ANTIPODE_E2E'];
  if (path === undefined) throw new Error('end-to-end tests run by `jest --selectProjects e2e --runInBand`');
  return path;
}
