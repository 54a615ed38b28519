import { Injectable } from '@nestjs/common';
import { metrics, type Counter } from '@opentelemetry/api';
import type { Code } from '@antipode/errors';

/** Whose key it was. */
export type Found = 'account' | 'access-key' | 'unknown' | 'limited' | 'failed';

/** What Prometheus sees of keys and linked accounts. Labels come from closed sets. */
@Injectable()
export class KeyMetrics {
  private readonly identified: Counter;
  private readonly readings: Counter;

  constructor() {
    const meter = metrics.getMeter('antipode.auth');
    this.identified = meter.createCounter('antipode_auth_keys_offered', {
      description: 'SSH keys that were asked about, by whose they are',
    });
    this.readings = meter.createCounter('antipode_auth_key_readings', {
      description: 'Readings of key lists at the primary, by kind of list and outcome (ok, or an error code)',
    });
  }

  offered(found: Found): void {
    this.identified.add(1, { found });
  }

  read(list: 'account' | 'repository' | 'project', outcome: 'ok' | Code): void {
    this.readings.add(1, { list, outcome });
  }
}
