import { expect, it, jest } from '@jest/globals';
import { AntipodeError } from '@antipode/errors';
import { createLogger } from '@antipode/service-kit';
import { News } from '../knowledge/news.js';
import type { WantedStore } from '../knowledge/wanted.store.js';
import { LfsReportsService } from './lfs-reports.service.js';
import type { RegistryClient } from './registry-client.js';

const logger = createLogger({ service: 'lfs', node: 'test', level: 'fatal' });
const nothing = { present: 0, presentBytes: 0, missing: 0, missingBytes: 0, failed: 0, error: undefined };

it('tells of all repositories but the one that cannot be counted, and of that one when it can be', async () => {
  let isBroken = true;
  const counts = (id: string) =>
    isBroken && id === 'broken'
      ? Promise.reject(new AntipodeError('service_unavailable', 'counting objects'))
      : Promise.resolve(nothing);
  const wanted = { counts, knownRepositories: () => Promise.resolve(['one', 'broken', 'two']) };
  const report = jest.fn<RegistryClient['report']>(() => Promise.resolve());
  const reports = new LfsReportsService(
    wanted as unknown as WantedStore,
    { report } as unknown as RegistryClient,
    new News(),
    logger,
  );
  const told = () => report.mock.calls.map(([all]) => all.map(({ repositoryId }) => repositoryId));

  await expect(reports.tell()).rejects.toMatchObject({ code: 'service_unavailable' });
  expect(told()).toEqual([['one', 'two']]);
  isBroken = false;
  await reports.tell();
  expect(told()).toEqual([['one', 'two'], ['broken']]);
});
