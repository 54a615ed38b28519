import { expect, it } from '@jest/globals';
import { createLogger } from '@antipode/service-kit';
import type { LfsConfig } from '../config.js';
import type { Claims } from './claims.js';
import type { DueRepositories } from './due-repositories.js';
import type { FillBatch } from './fill-batch.js';
import type { FillTurn } from './fill-turn.js';
import { FillService } from './fill.service.js';

const logger = createLogger({ service: 'lfs', node: 'test', level: 'fatal' });
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Forty repositories with something due, and a primary that answers when it is told to; nothing ever arrives. */
function given() {
  const turns: FillTurn[] = [];
  const batch = {
    run: (turn: FillTurn) => {
      turns.push(turn);
      return new Promise<void>((resolve) => turn.signal.addEventListener('abort', () => resolve()));
    },
  };
  const ids = Array.from({ length: 40 }, (_, at) => String(at).padStart(2, '0'));
  const due = {
    watch: () => () => undefined,
    after: (last: string) =>
      Promise.resolve(
        [...ids.filter((id) => id > last), ...ids.filter((id) => id <= last)].map((id) => [id, 0]),
      ),
  };
  const claims = { releaseAll: () => Promise.resolve(), pickUp: () => Promise.resolve() };
  const service = new FillService(
    { FILL_CONCURRENCY: 8 } as LfsConfig,
    logger,
    due as unknown as DueRepositories,
    batch as unknown as FillBatch,
    claims as unknown as Claims,
  );
  return { service, turns };
}

it('asks for everybody, however many wait for their bytes, and for so many at once', async () => {
  const { service, turns } = given();
  service.onApplicationBootstrap();
  await soon();
  expect(turns).toHaveLength(16);
  for (const { onQueued } of turns) onQueued();
  await soon();
  expect(new Set(turns.map(({ repositoryId }) => repositoryId)).size).toBe(32);
  await service.beforeApplicationShutdown();
});
