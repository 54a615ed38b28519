import { pipeline } from 'node:stream/promises';
import { AntipodeError } from '@antipode/errors';
import { readPointer, type LfsObject } from '@antipode/lfs-wire';
import { pointerCandidates, SHORTEST_POINTER } from './pointer-candidates.js';
import { readBatch } from './read-batch.js';
import { SETTINGS } from './commands.js';
import { guardAgainstStall, type StallGuard } from './stall-guard.js';
import { startGit, type RunningGit } from './start-git.js';

export interface FindPointersOptions {
  /** A bare repository that has everything that `tips` need. */
  readonly repository: string;
  /** Whose history is looked through: commits, tags, blobs. */
  readonly tips: Iterable<string>;
  /**
   * What they hold was looked through before. Each must be there. Empty: every object of the repository is looked at,
   * whatever `tips` reach; that takes a fraction of the time of walking a history.
   */
  readonly known: Iterable<string>;
  /** Killed after this long without a sign of life. */
  readonly stallMs: number;
  readonly signal?: AbortSignal;
  /** low: others of this machine come first. */
  readonly priority?: 'normal' | 'low';
}

const DOING = 'looking for LFS pointers';

/**
 * The objects that the LFS pointers of new commits stand for, as they are found: a pointer that two different files
 * hold comes twice. A caller that is slow slows git; one that stops listening ends it.
 *
 * Whether a path has `filter=lfs` is not asked: to know the attributes of every commit costs more than to look at
 * all small files, and git-lfs itself takes whatever reads as a pointer.
 *
 * @throws AntipodeError `timed_out` after a stall, `cancelled`, `mirror_damaged` where an object is missing.
 */
export async function* findPointers(options: FindPointersOptions): AsyncGenerator<LfsObject> {
  const wanted = describeWanted(options);
  if (wanted === undefined) return;
  const ending = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, ending.signal]) : ending.signal;
  const common = {
    cwd: options.repository,
    env: { GIT_DIR: options.repository },
    config: SETTINGS.local,
    priority: options.priority ?? 'normal',
    signal,
  } as const;
  const patience = new Patience(options.stallMs, () => ending.abort());
  try {
    const lister = await startGit({ ...common, args: wanted.args });
    const reader = await startGit({ ...common, args: ['cat-file', '--batch', '--buffer'] });
    lister.stdin.end(wanted.input);
    lister.stdout.on('data', () => patience.alive());
    // Its failure shows in the exit codes, which tell why.
    const passing = pipeline(lister.stdout, pointerCandidates(wanted.lines), reader.stdin).catch(
      () => undefined,
    );
    yield* pointersOf(reader, patience);
    await passing;
    requireWill(patience, options.signal);
    await requireSuccess([lister, reader]);
  } catch (error) {
    requireWill(patience, options.signal);
    throw error;
  } finally {
    ending.abort();
  }
}

interface Wanted {
  readonly args: readonly string[];
  readonly input: string;
  readonly lines: 'names' | 'described';
}

/** Undefined where there is nothing to look at. */
function describeWanted({ tips, known }: FindPointersOptions): Wanted | undefined {
  const old = new Set(known);
  const wanted = [...tips].filter((oid) => !old.has(oid));
  if (wanted.length === 0) return undefined;
  if (old.size === 0) return { args: LIST_ALL, input: '', lines: 'described' };
  // "^oid" rather than "--not": git reads options from stdin since 2.42 only.
  const lines = [...wanted.map((oid) => `${oid}\n`), ...[...old].map((oid) => `^${oid}\n`)];
  return { args: LIST_NEW, input: lines.join(''), lines: 'names' };
}

/** In the packs' order, which is the order in which reading them is quick. git-cat-file(1). */
const LIST_ALL = [
  'cat-file',
  '--batch-all-objects',
  '--unordered',
  '--batch-check=%(objecttype) %(objectsize) %(objectname)',
  '--buffer',
] as const;
/** The filter leaves small files alone (git ≥ 2.32), also among the tips. git-rev-list(1). */
const LIST_NEW = [
  'rev-list',
  '--objects',
  '--no-object-names',
  '--filter-provided-objects',
  '--filter=combine:blob:limit=1024+object:type=blob',
  '--stdin',
] as const;

async function* pointersOf(reader: RunningGit, patience: Patience): AsyncGenerator<LfsObject> {
  for await (const { content } of readBatch(patience.watch(reader.stdout))) {
    if (content.length < SHORTEST_POINTER) continue;
    const pointer = readPointer(content);
    if (pointer) yield pointer;
  }
}

/** What we ended ourselves tells nothing about the repository. */
function requireWill({ lost, stallMs }: Patience, signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AntipodeError('cancelled', DOING);
  if (lost) throw new AntipodeError('timed_out', DOING, { stallMs });
}

async function requireSuccess(gits: readonly RunningGit[]): Promise<void> {
  const ends = await Promise.all(gits.map((git) => git.exited));
  const failed = ends.find(({ code }) => code !== 0);
  if (!failed) return;
  // Somebody killed it: that says nothing about the repository.
  if (failed.code === null) throw new AntipodeError('internal', DOING, { problem: 'killed' });
  throw new AntipodeError('mirror_damaged', DOING, {
    exitCode: failed.code,
    stderr: failed.stderr.slice(-1000),
  });
}

/** Waits for git, not for the caller: while nobody asks for more, git stands still and is not to blame. */
class Patience {
  private guard: StallGuard | undefined;
  lost = false;

  constructor(
    readonly stallMs: number,
    private readonly onLost: () => void,
  ) {}

  alive(): void {
    this.guard?.alive();
  }

  async *watch<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
    const pieces = source[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await this.next(pieces);
        if (done) return;
        yield value;
      }
    } finally {
      await pieces.return?.();
    }
  }

  private async next<T>(pieces: AsyncIterator<T>): Promise<IteratorResult<T, unknown>> {
    const guard = guardAgainstStall(this.stallMs, () => {
      this.lost = true;
      this.onLost();
    });
    this.guard = guard;
    try {
      return await pieces.next();
    } finally {
      guard.stop();
    }
  }
}
