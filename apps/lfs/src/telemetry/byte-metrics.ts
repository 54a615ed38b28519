import { metrics } from '@opentelemetry/api';

/** What Prometheus sees of objects' bytes. Which objects, it does not see. */
export class ByteMetrics {
  private readonly meter = metrics.getMeter('antipode.lfs');
  private readonly reads = this.meter.createCounter('antipode_lfs_reads', {
    description: 'Downloads of objects that were here (hit) and that were not (miss)',
  });
  private readonly sent = this.meter.createCounter('antipode_lfs_bytes_sent', {
    unit: 'By',
    description: 'Bytes of finished downloads; what was kept is what the primary was saved',
  });
  private readonly fetched = this.meter.createCounter('antipode_lfs_bytes_from_primary', {
    unit: 'By',
    description: "Bytes fetched from the primary's storage",
  });
  private readonly passedThrough = this.meter.createCounter('antipode_lfs_passed_through', {
    description: 'Downloads that went by without being kept, because there was no room',
  });
  private readonly wrong = this.meter.createCounter('antipode_lfs_corrupted', {
    description: "Objects refused because the primary's bytes were not those of their name",
  });
  private readonly uploads = this.meter.createCounter('antipode_lfs_uploads', {
    description: 'Uploads by outcome: kept, passed (taken by the primary, not kept here), refused',
  });
  private readonly isFull = this.meter.createGauge('antipode_lfs_full', {
    description: '1 while objects are not kept because there is no room',
  });

  constructor() {
    this.isFull.record(0);
  }

  read(outcome: 'hit' | 'miss'): void {
    this.reads.add(1, { outcome });
  }

  sentBytes(bytes: number, source: 'kept' | 'absent'): void {
    if (bytes > 0) this.sent.add(bytes, { source });
  }

  fetchedBytes(bytes: number): void {
    this.fetched.add(bytes);
  }

  passed(): void {
    this.passedThrough.add(1);
  }

  corrupted(): void {
    this.wrong.add(1);
  }

  upload(outcome: 'kept' | 'passed' | 'refused'): void {
    this.uploads.add(1, { outcome });
  }

  full(state: 'full' | 'room'): void {
    this.isFull.record(state === 'full' ? 1 : 0);
  }
}
