import { Agent, request } from 'undici';
import { z } from 'zod';

const CHECK_MS = 5000;
const LONGEST_ANSWER_BYTES = 4096;
const CONNECTIONS = 2;

const health = z.object({ status: z.literal('ok') });

export const openAgent = (): Agent =>
  new Agent({
    connections: CONNECTIONS,
    connect: { timeout: CHECK_MS },
    headersTimeout: CHECK_MS,
    bodyTimeout: CHECK_MS,
    maxResponseSize: LONGEST_ANSWER_BYTES,
  });

/** Whether a mirror answers, at its own address, that it is well. A redirect is no answer. */
export async function checkSibling(agent: Agent, url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`${url}/-/api/v1/health`, {
      dispatcher: agent,
      headers: { accept: 'application/json', 'user-agent': 'Antipode' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(CHECK_MS)]),
    });
    if (statusCode === 200) return health.safeParse(await body.json()).success;
    await body.dump({ limit: LONGEST_ANSWER_BYTES });
    return false;
  } catch {
    return false;
  }
}
