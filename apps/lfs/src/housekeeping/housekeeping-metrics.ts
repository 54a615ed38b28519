import { metrics } from '@opentelemetry/api';

/** What Prometheus sees of housekeeping. Labels come from closed sets. */
const counters = () => {
  const meter = metrics.getMeter('antipode.lfs');
  return {
    checks: meter.createCounter('antipode_lfs_checked_objects', {
      description: 'Stored objects that were hashed again, by outcome: right, wrong',
    }),
    collections: meter.createCounter('antipode_lfs_collected_objects', {
      description: 'Objects that were removed because they belong to no repository any more',
    }),
  };
};

// With the first use: the telemetry is there by then.
let made: ReturnType<typeof counters> | undefined;

export function checked(outcome: 'right' | 'wrong'): void {
  (made ??= counters()).checks.add(1, { outcome });
}

export function collected(objects: number): void {
  (made ??= counters()).collections.add(objects);
}
