import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { lfs } from '@antipode/contracts';
import type { RepositoryId } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import type { LfsObject } from '@antipode/lfs-wire';
import { callUnary, followStream } from '@antipode/rpc';

/** Injection token of the LFS service's client. */
export const LFS = Symbol('LFS');

/** Longest wait for one answer. */
const TIMEOUT_MS = 10_000;

/** The large files of a mirror, as the LFS service knows them. */
export interface LargeFiles {
  /** Notes, for good, what a repository's commits point to: at most `MOST_POINTERS` at once. */
  take(id: RepositoryId, objects: readonly LfsObject[], signal: AbortSignal): Promise<void>;
  /** How the bringing goes on; ends when each object was tried. */
  follow(
    id: RepositoryId,
    settings: { longestMs: number; signal: AbortSignal },
  ): AsyncIterable<lfs.FollowFillResponse>;
}

export const MOST_POINTERS = 1000;

/** The LFS service by gRPC. Every method throws its AntipodeError; `service_unavailable` where it is away. */
@Injectable()
export class LfsClientService implements LargeFiles, OnApplicationShutdown {
  constructor(@Inject(LFS) private readonly client: lfs.LfsServiceClient) {}

  /** Resolves when the service is there. @throws AntipodeError `service_unavailable`. */
  async reach(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.client.waitForReady(Date.now() + TIMEOUT_MS, (error) =>
        error
          ? reject(new AntipodeError('service_unavailable', 'reaching the LFS service', {}, { cause: error }))
          : resolve(),
      );
    });
  }

  async take(repositoryId: RepositoryId, objects: readonly LfsObject[], signal: AbortSignal): Promise<void> {
    const request = { repositoryId, objects: [...objects] };
    await callUnary(this.client, 'takePointers', request, { timeoutMs: TIMEOUT_MS, signal });
  }

  follow(
    repositoryId: RepositoryId,
    { longestMs, signal }: { longestMs: number; signal: AbortSignal },
  ): AsyncIterable<lfs.FollowFillResponse> {
    // Nothing is told while one large object comes; that the service itself is gone is noticed by gRPC's keepalive.
    const settings = { timeoutMs: longestMs, idleMs: longestMs, signal };
    return followStream(this.client, 'followFill', { repositoryId }, settings);
  }

  onApplicationShutdown(): void {
    this.client.close();
  }
}
