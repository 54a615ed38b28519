import { metrics } from '@opentelemetry/api';

/**
 * here: answered by this mirror alone.
 * primary: the primary had to be asked.
 * relayed: the primary's own links, because the lfs service is away.
 * refused: nobody could tell.
 */
export type LfsOutcome = 'here' | 'primary' | 'relayed' | 'refused';

export interface AnsweredObjects {
  readonly operation: 'download' | 'upload';
  readonly outcome: LfsOutcome;
  readonly objects: number;
}

/** What Prometheus sees of LFS, beside its requests and their bytes. */
export class LfsMetrics {
  private readonly objects = metrics.getMeter('antipode.edge').createCounter('antipode_edge_lfs_objects', {
    description: 'Objects in LFS batches by operation and by who could answer',
  });

  answered({ operation, outcome, objects }: AnsweredObjects): void {
    if (objects > 0) this.objects.add(objects, { operation, outcome });
  }
}
