import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@antipode/mirror-disk';

/**
 * How a mirror repository was looked through, or cloned anew, because somebody asked for it.
 *
 *   running ─▶ ok         refs and objects were as they should be
 *      │  ╲──▶ repaired   something was not, and now is; or it was cloned anew
 *      ╰─────▶ failed     it could not be told, or not be repaired
 */
export interface Verification {
  readonly kind: 'verify' | 'reclone';
  readonly state: 'running' | 'ok' | 'repaired' | 'failed';
  /** When it began, while it runs; else when it ended (ms since 1970). */
  readonly atMs: number;
  /** One sentence for people, without secrets. */
  readonly message: string;
}

const verificationFile = (repository: string): string => join(repository, 'antipode/verification');

/** What is known of the last one; one that was running then has ended with the process that ran it. */
export async function readVerification(repository: string): Promise<Verification | undefined> {
  try {
    const text = await readFile(verificationFile(repository), 'utf8');
    const { kind, state, atMs, message } = JSON.parse(text) as Verification;
    return state === 'running'
      ? { kind, state: 'failed', atMs, message: 'Sync was ended meanwhile; it begins anew.' }
      : { kind, state, atMs, message };
  } catch {
    // It only informs: never written, or spoilt.
    return undefined;
  }
}

/** What cannot be kept is still told to the registry. */
export async function writeVerification(repository: string, verification: Verification): Promise<void> {
  await replaceFile(verificationFile(repository), `${JSON.stringify(verification)}\n`).catch(() => undefined);
}
