import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { readJson } from '../parts/read-json.js';
import { stoppedShort } from '../stopped-short.js';

const repositorySchema = z.object({
  path: z.string(),
  phase: z.string(),
  progress: z.object({ step: z.string(), percent: z.number(), receivedBytes: z.number() }).nullish(),
  epoch: z.number(),
  sizeBytes: z.number(),
  receivedBytesTotal: z.number(),
  error: z.object({ code: z.string(), message: z.string() }).nullish(),
});

const pageSchema = z.object({ values: z.array(repositorySchema), next: z.string().nullish() });

export type MirroredRepository = z.infer<typeof repositorySchema>;

const ANSWER_MS = 10_000;
/** Right after a start the registry may still be learning the workspace's projects. */
const PATIENCE_MS = 20_000;

/** The part of the mirror's REST API that the demo uses. */
export class MirrorApi {
  constructor(
    private readonly baseUrl: string,
    private readonly adminToken: string,
    private readonly stop: AbortSignal,
  ) {}

  /** Mirrors exactly these projects. @throws AntipodeError with what the mirror answered */
  async select(projectKeys: readonly string[]): Promise<void> {
    const body = JSON.stringify({ mode: 'selected', projectKeys });
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const response = await this.ask('selection', { method: 'PUT', body });
      if (response.ok) return;
      if (Date.now() > deadline) throw await refusal('selecting the project', response);
      await wait(300, undefined, { signal: this.stop });
    }
  }

  async repositories(): Promise<MirroredRepository[]> {
    const found: MirroredRepository[] = [];
    let cursor: string | null | undefined;
    do {
      const query = cursor ? `?cursor=${encodeURIComponent(cursor)}` : '';
      const response = await this.ask(`repositories${query}`);
      if (!response.ok) throw await refusal('listing the repositories', response);
      const page = await readJson(response, pageSchema, 'The mirror');
      found.push(...page.values);
      cursor = page.next;
    } while (cursor);
    return found;
  }

  private ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.baseUrl}/-/api/v1/${path}`, {
      ...init,
      headers: { authorization: `Bearer ${this.adminToken}`, 'content-type': 'application/json' },
      signal: AbortSignal.any([this.stop, AbortSignal.timeout(ANSWER_MS)]),
    });
  }
}

async function refusal(doing: string, response: Response): Promise<Error> {
  const text = (await response.text()).slice(0, 300).trim();
  return stoppedShort(
    'service_unavailable',
    `The demo failed while ${doing}: the mirror answered ${response.status} ${text}`,
  );
}
