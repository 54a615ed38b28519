/** Resolves while the part works; rejects with a sentence that says what is wrong. */
export type HealthCheck = () => Promise<void> | void;

export interface HealthReport {
  readonly ok: boolean;
  readonly checks: Readonly<Record<string, 'ok' | string>>;
}

const CHECK_TIMEOUT_MS = 2000;

/**
 * What a service needs in order to do its work.
 *
 * Liveness (`/healthz`) only says that the event loop turns: restarting us does not repair a neighbour.
 * Readiness (`/readyz`) runs the checks.
 */
export class HealthChecks {
  private readonly checks = new Map<string, HealthCheck>();
  private readonly observed = new Map<string, HealthCheck>();
  private draining = false;

  add(name: string, check: HealthCheck): void {
    this.checks.set(name, check);
  }

  /** Something the service can do without for a while: reported, but it stays ready. */
  observe(name: string, check: HealthCheck): void {
    this.observed.set(name, check);
  }

  /** From now on not ready: load balancers send no new work while streams finish. */
  drain(): void {
    this.draining = true;
  }

  async report(): Promise<HealthReport> {
    const [results, observed] = await Promise.all([outcomes(this.checks), outcomes(this.observed)]);
    if (this.draining) results.push(['draining', 'shutting down']);
    const ok = results.every(([, result]) => result === 'ok');
    return { ok, checks: Object.fromEntries([...results, ...observed]) };
  }
}

const outcomes = (checks: ReadonlyMap<string, HealthCheck>): Promise<[string, string][]> =>
  Promise.all(
    [...checks].map(async ([name, check]): Promise<[string, string]> => [name, await outcome(check)]),
  );

async function outcome(check: HealthCheck): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer within 2 s')), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([Promise.resolve().then(check), late]);
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
