import type { RefUpdate } from './ref-update.js';

/** A push by git, as the host has seen it. */
export interface LoggedPush {
  readonly repository: string;
  readonly door: 'https' | 'ssh';
  /** The person's username, or the access token's name. */
  readonly by: string | null;
  readonly updates: readonly RefUpdate[];
  /** `git push -o` */
  readonly options: readonly string[];
  readonly at: string;
}

const KEPT = 1_000;

/** The last pushes by git: who pushed as whom, and with which options. In memory. */
export class PushLog {
  #pushes: LoggedPush[] = [];

  add(push: LoggedPush): void {
    this.#pushes = [...this.#pushes, push].slice(-KEPT);
  }

  list(): readonly LoggedPush[] {
    return this.#pushes;
  }

  clear(): void {
    this.#pushes = [];
  }
}
