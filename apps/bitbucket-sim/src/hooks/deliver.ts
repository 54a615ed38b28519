import { Agent, request } from 'undici';
import type { Hook, Settings } from '../state/model.js';
import type { Attempt, Delivery } from './delivery-log.js';
import { sign } from './signature.js';

export interface Post {
  readonly hook: Hook;
  readonly delivery: Delivery;
  readonly body: string;
  readonly settings: Settings;
  readonly signal: AbortSignal;
}

const lenient = new Agent({ connect: { rejectUnauthorized: false } });

/** Posts one event: 10 s per attempt, at most two more attempts, and only after a 5xx (§9). */
export async function deliver(post: Post): Promise<void> {
  const { delivery, settings } = post;
  for (let number = 1; ; number += 1) {
    const attempt = await attemptOnce(post, number);
    delivery.attempts.push(attempt);
    const isServerError = typeof attempt.outcome === 'number' && attempt.outcome >= 500;
    const delayMs = settings.hookRetryDelaysMs[number - 1];
    if (!isServerError || delayMs === undefined || post.signal.aborted) break;
    await pause(delayMs, post.signal);
  }
  const last = delivery.attempts.at(-1)?.outcome;
  delivery.state = typeof last === 'number' && last < 300 ? 'delivered' : 'failed';
}

async function attemptOnce(post: Post, number: number): Promise<Attempt> {
  const started = performance.now();
  const at = new Date().toISOString();
  const done = (outcome: Attempt['outcome']): Attempt => ({
    number,
    at,
    outcome,
    durationMs: Math.round(performance.now() - started),
  });
  const timeout = AbortSignal.timeout(post.settings.hookTimeoutMs);
  try {
    const answer = await request(post.hook.url, {
      method: 'POST',
      headers: headersFor(post, number),
      body: post.body,
      signal: AbortSignal.any([timeout, post.signal]),
      ...(post.hook.skipCertVerification ? { dispatcher: lenient } : {}),
    });
    await answer.body.dump();
    return done(answer.statusCode);
  } catch {
    return done(timeout.aborted ? 'TIMEOUT' : 'NETWORK ERROR');
  }
}

function headersFor({ hook, delivery, body }: Post, number: number): Record<string, string> {
  return {
    'User-Agent': 'Bitbucket-Webhooks/2.0',
    'Content-Type': 'application/json',
    'X-Event-Key': delivery.event,
    'X-Hook-UUID': hook.uuid.slice(1, -1),
    'X-Request-UUID': delivery.id,
    'X-Attempt-Number': String(number),
    'X-Event-Time': new Date(delivery.createdAt).toUTCString(),
    ...(hook.secret ? { 'X-Hub-Signature': sign(hook.secret, body) } : {}),
  };
}

/** Ends early, without an error, when the simulator closes. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
