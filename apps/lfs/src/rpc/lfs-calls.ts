import { Injectable } from '@nestjs/common';
import { lfs } from '@antipode/contracts';
import { isRepositoryId } from '@antipode/domain';
import { AntipodeError } from '@antipode/errors';
import { isLfsOid, isLfsSize, type LfsObject } from '@antipode/lfs-wire';
import type { CallContext } from '@antipode/rpc';
import { DownloadBatch } from '../batch/download-batch.js';
import { UploadBatch } from '../batch/upload-batch.js';
import { FillProgress } from '../fill/fill-progress.js';
import { News } from '../knowledge/news.js';
import { WantedStore, type Counts } from '../knowledge/wanted.store.js';

const MOST_POINTERS = 1000;
const MOST_OBJECTS = 10_000;

/** What LfsService promises (lfs.proto): proto ⇄ domain, no decisions. */
@Injectable()
export class LfsCalls {
  constructor(
    private readonly downloads: DownloadBatch,
    private readonly uploads: UploadBatch,
    private readonly wanted: WantedStore,
    private readonly progress: FillProgress,
    private readonly news: News,
  ) {}

  async batch(request: lfs.BatchRequest, { signal }: CallContext): Promise<lfs.BatchResponse> {
    const { repositoryId, repositoryPath: path, primary } = request;
    const objects = readObjects(request.objects, MOST_OBJECTS);
    requireId(repositoryId);
    if (path === '') throw new AntipodeError('invalid', 'reading a batch request', { field: 'path' });
    const authorization = primary?.authorization || undefined;
    if (request.operation === lfs.Operation.OPERATION_UPLOAD) {
      if (authorization === undefined) throw noCredential();
      const ref = request.ref || undefined;
      return {
        objects: await this.uploads.answer({ repositoryId, path, objects, authorization, ref }, signal),
      };
    }
    const asked = primary && { authorization };
    return {
      objects: await this.downloads.answer({ repositoryId, path, objects, primary: asked }, signal),
    };
  }

  async takePointers(request: lfs.TakePointersRequest): Promise<lfs.TakePointersResponse> {
    const { repositoryId } = request;
    requireId(repositoryId);
    await this.wanted.take(repositoryId, readObjects(request.objects, MOST_POINTERS));
    this.news.emit('wanted');
    this.news.changed([repositoryId]);
    return {};
  }

  async *followFill(
    { repositoryId }: lfs.FollowFillRequest,
    { signal }: CallContext,
  ): AsyncGenerator<lfs.FollowFillResponse> {
    requireId(repositoryId);
    for await (const counts of this.progress.follow(repositoryId, signal)) yield writeCounts(counts);
  }
}

const writeCounts = ({ missing, missingBytes, failed, present, presentBytes }: Counts) => ({
  missing,
  missingBytes,
  failed,
  present,
  presentBytes,
});

function readObjects(objects: readonly lfs.LfsObject[], most: number): LfsObject[] {
  if (objects.length > most) throw new AntipodeError('too_large', 'reading objects', { most });
  if (objects.some(({ oid, size }) => !isLfsOid(oid) || !isLfsSize(size)))
    throw new AntipodeError('invalid', 'reading objects');
  return objects.map(({ oid, size }) => ({ oid, size }));
}

function requireId(id: string): void {
  if (!isRepositoryId(id)) throw new AntipodeError('invalid', 'reading a repository id');
}

const noCredential = (): AntipodeError =>
  new AntipodeError(
    'not_connected',
    'answering an upload batch',
    {},
    {
      hint: 'Large files are uploaded in your own name: link your account to this mirror, or push them over HTTPS.',
    },
  );
