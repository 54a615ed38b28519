import { add, zero, type Count } from '../http/count.js';

export type LfsOperation = 'download' | 'upload';

/** One large file, whoever asked and for whichever repository. */
export interface LfsObjectCounts {
  /** Times that a batch has asked to download it. */
  asked: number;
  /** Answers of the media host with bytes of it, whole or in part; what was refused is not among them. */
  downloads: number;
  bytesOut: number;
  /** Uploads that were taken. */
  uploads: number;
  bytesIn: number;
  verifications: number;
}

export interface LfsCounts {
  /** The API on the host of the repositories: batches and locks. */
  api: Count;
  /** Batches that were answered object by object, and how many objects they named. */
  batches: Record<LfsOperation, { requests: number; objects: number }>;
  /** By `workspace/slug`: how many batches. */
  repositories: Record<string, Record<LfsOperation, number>>;
  /** Requests for locks. */
  locks: number;
  /** The media host; `strayAuthorization`: requests that were refused for a header that their link had not asked for. */
  media: Count & { strayAuthorization: number; strayHeader: number };
  /** By oid. */
  objects: Record<string, LfsObjectCounts>;
}

export const freshLfsCounts = (): LfsCounts => ({
  api: zero(),
  batches: { download: { requests: 0, objects: 0 }, upload: { requests: 0, objects: 0 } },
  repositories: {},
  locks: 0,
  media: { ...zero(), strayAuthorization: 0, strayHeader: 0 },
  objects: {},
});

const OBJECT: LfsObjectCounts = {
  asked: 0,
  downloads: 0,
  bytesOut: 0,
  uploads: 0,
  bytesIn: 0,
  verifications: 0,
};

export const objectIn = (counts: LfsCounts, oid: string): LfsObjectCounts =>
  (counts.objects[oid] ??= { ...OBJECT });

export function countBatch(
  counts: LfsCounts,
  batch: { repository: string; operation: LfsOperation; oids: readonly string[] },
): void {
  const { repository, operation, oids } = batch;
  counts.batches[operation].requests += 1;
  counts.batches[operation].objects += oids.length;
  (counts.repositories[repository] ??= { download: 0, upload: 0 })[operation] += 1;
  if (operation === 'download') for (const oid of oids) objectIn(counts, oid).asked += 1;
}

/** As soon as the status is known: whoever has seen an answer finds it counted. The bytes follow as they flow. */
export function noteAnswer(media: LfsCounts['media'], status: number): void {
  add(media, { status, bytesIn: 0, bytesOut: 0 });
}
