import { eventually } from '@antipode/testing';

/** One mirrored repository, as the REST API shows it (as far as the tests look). */
export interface MirroredRepository {
  readonly id: string;
  readonly path: string;
  readonly projectKey: string;
  readonly public: boolean;
  readonly phase: string;
  readonly epoch: number;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly lfs: {
    readonly objects: number;
    readonly bytes: number;
    readonly missing: number;
    readonly missingBytes: number;
    readonly error: { readonly code: string; readonly message: string } | null;
  };
}

/** The mirror's REST API, as its administrator uses it. */
export class MirrorApi {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  /** Sorted by path. */
  async repositories(): Promise<MirroredRepository[]> {
    const all: MirroredRepository[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: { values: MirroredRepository[]; next: string | null } = await this.ask(
        'GET',
        `/repositories?limit=200${more}`,
      );
      all.push(...page.values);
      cursor = page.next;
    }
    return all.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** @throws Error where the mirror does not have it */
  async repository(path: string): Promise<MirroredRepository> {
    const found = (await this.repositories()).find((one) => one.path === path);
    if (!found) throw new Error(`${path} is not mirrored`);
    return found;
  }

  /** The keys of the selected projects, sorted. */
  async selection(): Promise<string[] | 'all'> {
    const selection: { mode: string; projectKeys?: string[] } = await this.ask('GET', '/selection');
    return selection.mode === 'all' ? 'all' : [...(selection.projectKeys ?? [])].sort();
  }

  async select(projectKeys: readonly string[]): Promise<void> {
    await this.ask('PUT', '/selection', { mode: 'selected', projectKeys });
  }

  /** Waits until a repository, or (without a path) every one, is on our disk. */
  async untilSynced(path?: string, timeoutMs = 40_000): Promise<void> {
    await eventually(
      async () => {
        const asked = path === undefined ? await this.repositories() : [await this.repository(path)];
        const missing = asked.filter(({ epoch, phase }) => epoch === 0 || phase === 'cloning');
        if (asked.length === 0 || missing.length > 0) {
          throw new Error(
            `not synced: ${missing.map((one) => `${one.path} (${one.phase}: ${one.error?.message ?? ''})`).join(', ')}`,
          );
        }
        return true;
      },
      { timeoutMs, everyMs: 150 },
    );
  }

  /** @throws Error with the problem where the status is not 2xx */
  async ask<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/-/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}
