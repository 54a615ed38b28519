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

  /** How many accounts are linked, looked up when somebody scrapes. @param count by state: linked, broken */
  watchAccounts(count: () => Promise<ReadonlyMap<string, number>>): void {
    const gauge = metrics.getMeter('antipode.auth').createObservableGauge('antipode_auth_linked_accounts', {
      description: 'Linked accounts by state; a broken one waits for its owner to link it again',
    });
    gauge.addCallback(async (result) => {
      // Without the database there is nothing to tell; `/readyz` says so.
      const states = await count().catch(() => new Map<string, number>());
      for (const [state, accounts] of states) result.observe(accounts, { state });
    });
  }

  read(list: 'account' | 'repository' | 'project', outcome: 'ok' | Code): void {
    this.readings.add(1, { list, outcome });
  }
}
