import type { sync } from '@antipode/contracts';
import { toAntipodeError } from '@antipode/errors';
import { callUnary } from '@antipode/rpc';
import type { Logger } from '@antipode/service-kit';
import type { Session } from '../session/hallway.js';
import type { Mirrors } from '../session/mirrors.js';
import type { PushMetrics } from '../telemetry/push-metrics.js';

export interface WaitUntilPublishedOptions {
  readonly client: sync.SyncServiceClient;
  readonly mirrors: Pick<Mirrors, 'current'>;
  readonly waitMs: number;
  readonly metrics: PushMetrics;
  readonly logger: Logger;
}

/**
 * Waits, within bounds, until this node's mirror shows what the primary has now, so that whoever has just pushed finds
 * it here. To be called when the primary has reported, and before the client is told the end.
 *
 * Never throws: the push is done whatever comes of this.
 */
export type WaitUntilPublished = (session: Session) => Promise<void>;

export function openWaitUntilPublished(options: WaitUntilPublishedOptions): WaitUntilPublished {
  return async (session) => {
    // A repository that is not mirrored yet is passed through, and the primary has the push.
    if (!(await isMirrored(options, session))) return;
    const startedAt = performance.now();
    const outcome = await session.visit.step('publish', () => publish(options, session));
    options.metrics.published({ outcome, seconds: (performance.now() - startedAt) / 1000 });
  };
}

async function publish(
  { client, waitMs, logger }: WaitUntilPublishedOptions,
  { repository }: Session,
): Promise<'published' | 'late'> {
  try {
    const question = { repositoryId: repository.id, notBeforeMs: Date.now() };
    await callUnary(client, 'ensureFresh', question, { timeoutMs: waitMs });
    return 'published';
  } catch (error) {
    const { code } = toAntipodeError(error, 'publishing a push');
    logger.warn({ repository_id: repository.id, code }, 'a push is not published here yet');
    return 'late';
  }
}

const isMirrored = async (
  { mirrors }: WaitUntilPublishedOptions,
  { repository }: Session,
): Promise<boolean> => {
  try {
    return (await mirrors.current(repository.id)) !== undefined;
  } catch {
    // Damaged: sync knows, and repairs it.
    return false;
  }
};
