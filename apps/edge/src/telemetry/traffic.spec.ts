import { describe, expect, it } from '@jest/globals';
import { AntipodeError } from '@antipode/errors';
import { Visit, type Source } from '../session/visit.js';
import { Traffic, type ServedVisit } from './traffic.js';

const MINUTE = 60_000;
const START = 1_750_000_020_000;

function visitOf(more: Partial<Visit>): Visit {
  return Object.assign(new Visit(), more);
}

const served = (more: Partial<Visit>, rest: Partial<ServedVisit> = {}): ServedVisit => ({
  door: 'http',
  visit: visitOf(more),
  isAnswered: true,
  bytesOut: 0,
  ...rest,
});

describe('traffic', () => {
  it('is counted by what was served', () => {
    const traffic = new Traffic(() => START + 1234);
    traffic.served(served({ isFetch: true, source: 'git' }, { bytesOut: 1000 }));
    traffic.served(served({ isFetch: true, source: 'passthrough' }, { bytesOut: 200 }));
    traffic.served(served({ isFetch: true, source: 'git' }, { isAnswered: false, bytesOut: 30 }));
    traffic.served(served({ push: 'relayed', source: 'passthrough' }, { bytesOut: 4 }));
    traffic.served(served({ push: 'refused' }));
    traffic.served(served({ source: 'disk' }, { isDownload: true, bytesOut: 5000 }));
    traffic.served(served({ source: 'disk' }, { isDownload: true, isAnswered: false }));
    for (const code of ['denied', 'cancelled', 'not_found', 'primary_unavailable', 'internal'] as const)
      traffic.served(served({ error: new AntipodeError(code, 'x') }, { isAnswered: false }));
    // The primary answered in the place of a damaged copy.
    traffic.served(served({ error: new AntipodeError('mirror_damaged', 'x'), source: 'passthrough' }));
    traffic.served(served({ isFetch: true, source: 'git' }, { door: 'ssh', bytesOut: 7 }));
    expect(traffic.news).toEqual([
      {
        minuteMs: START,
        door: 'http',
        fetches: 2,
        pushes: 1,
        lfsDownloads: 1,
        ownBytes: 6030,
        passedBytes: 204,
        failures: 2,
      },
      {
        minuteMs: START,
        door: 'ssh',
        fetches: 1,
        pushes: 0,
        lfsDownloads: 0,
        ownBytes: 7,
        passedBytes: 0,
        failures: 0,
      },
    ]);
  });

  it.each<[Source, number, number]>([
    ['memory', 5, 0],
    ['git', 5, 0],
    ['disk', 5, 0],
    ['lfs', 5, 0],
    ['passthrough', 0, 5],
    ['none', 0, 0],
  ])('from %s has its bytes in the right place', (source, ownBytes, passedBytes) => {
    const traffic = new Traffic();
    traffic.served(served({ source }, { bytesOut: 5 }));
    expect(traffic.news).toMatchObject([{ ownBytes, passedBytes }]);
  });

  it('is told as totals until they have arrived, and no longer', () => {
    let now = START;
    const traffic = new Traffic(() => now);
    const serve = (): void => traffic.served(served({ isFetch: true, source: 'git' }));
    serve();
    const first = traffic.news;
    // Somebody is served while the first word is on its way.
    serve();
    traffic.arrived(first);
    expect(traffic.news).toMatchObject([{ fetches: 2 }]);
    traffic.arrived(traffic.news);
    expect(traffic.news).toEqual([]);
    serve();
    now += MINUTE;
    serve();
    expect(traffic.news).toMatchObject([
      { minuteMs: START, fetches: 3 },
      { minuteMs: START + MINUTE, fetches: 1 },
    ]);
  });

  it('of the last two hours is kept for a registry that is away', () => {
    let now = START;
    const traffic = new Traffic(() => now);
    for (let i = 0; i < 500; i += 1, now += MINUTE)
      traffic.served(served({ source: 'git' }, { bytesOut: 1 }));
    expect(traffic.news).toHaveLength(120);
    expect(traffic.news.at(-1)?.minuteMs).toBe(START + 499 * MINUTE);
  });
});
