import { mkdirSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_SETTINGS, emptyState } from './empty-state.js';
import type { State } from './model.js';

/** Writes of one burst (a push moves `updated_on`) are gathered for this long. */
const GATHER_MS = 50;

/** Owns `state.json`. Callers change `state` in place and then say so. */
export class StateStore {
  readonly state: State;
  readonly #file: string;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** A write that is queued but not begun; it will hold everything that changes until then. */
  #queued: Promise<void> | undefined;

  constructor(dataDirectory: string) {
    mkdirSync(dataDirectory, { recursive: true });
    this.#file = join(dataDirectory, 'state.json');
    this.state = read(this.#file);
  }

  /** The change may be written a moment later. */
  touch(): void {
    this.#timer ??= setTimeout(() => void this.save(), GATHER_MS);
  }

  /** Resolves once everything changed so far is on disk. */
  save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#queued) return this.#queued;
    const queued = this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#queued = undefined;
        return this.#write();
      });
    this.#queued = queued;
    this.#writing = queued;
    return queued;
  }

  async #write(): Promise<void> {
    const beside = `${this.#file}.new`;
    const file = await open(beside, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(this.state, null, 1));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, this.#file);
  }
}

function read(file: string): State {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return emptyState();
    throw error;
  }
  const state = { ...emptyState(), ...(JSON.parse(text) as State) };
  state.settings = { ...DEFAULT_SETTINGS, ...state.settings };
  return state;
}
