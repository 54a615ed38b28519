/** Answers under way, so that a fault or a revoked token can break them. */
export class LiveStreams {
  readonly #all = new Map<() => void, string | undefined>();

  /** @param holder the token, key or grant that the answer was given to. @returns call it when the answer has ended */
  add(cut: () => void, holder: string | undefined): () => void {
    this.#all.set(cut, holder);
    return () => this.#all.delete(cut);
  }

  breakAll(): void {
    for (const cut of this.#all.keys()) cut();
  }

  breakThoseOf(holder: string): number {
    const theirs = [...this.#all].filter(([, id]) => id === holder);
    for (const [cut] of theirs) cut();
    return theirs.length;
  }
}
