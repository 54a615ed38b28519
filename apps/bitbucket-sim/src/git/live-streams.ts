import type { ServerResponse } from 'node:http';

/** Answers under way, so that a fault or a revoked token can break them. */
export class LiveStreams {
  readonly #all = new Map<ServerResponse, string | undefined>();

  /** @param tokenId the credential that the answer was given to. */
  add(res: ServerResponse, tokenId: string | undefined): void {
    this.#all.set(res, tokenId);
    res.once('close', () => this.#all.delete(res));
  }

  breakAll(): void {
    for (const res of this.#all.keys()) res.destroy();
  }

  breakThoseOf(tokenId: string): number {
    const theirs = [...this.#all].filter(([, id]) => id === tokenId);
    for (const [res] of theirs) res.destroy();
    return theirs.length;
  }
}
