import type { LfsSite } from '../lfs/lfs-site.js';
import { lfsBatchRows } from './lfs-batch.js';
import { lfsDownloadRows } from './lfs-download.js';
import { lfsMissRow } from './lfs-miss.js';
import type { Row } from './row.js';

/** Large files: one that is here, a hundred that are here, and one that fifty people miss at once. */
export async function lfsRows(site: LfsSite): Promise<Row[]> {
  return [...(await lfsDownloadRows(site)), ...(await lfsBatchRows(site)), await lfsMissRow(site)];
}
