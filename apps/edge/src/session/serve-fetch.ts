import type { Readable } from 'node:stream';
import { AntipodeError } from '@antipode/errors';
import { missingObjects, startUploadPack, type RunningGit } from '@antipode/git-process';
import type { ProtocolVersion, UploadPackPlan } from '@antipode/git-wire';
import type { Snapshot } from '@antipode/mirror-disk';
import type { Admission } from './admission.js';
import type { Session } from './hallway.js';
import type { Mirror, Mirrors } from './mirrors.js';
import { Opening, type Opened } from './opening.js';

export interface FetchQuestion {
  readonly plan: UploadPackPlan;
  readonly version: ProtocolVersion;
  /** The request as git wants it on stdin: decoded. */
  readonly body: Buffer;
  readonly notice: string;
}

/** An answer of git that has begun well. */
export interface FetchAnswer {
  readonly opening: Buffer;
  readonly rest: Readable;
  /** Rejects where git ended badly: what was sent is not whole. */
  readonly finished: Promise<void>;
  /** Must be called when the answer is over, however it ended. */
  readonly leave: () => void;
}

/** A git that talks to a client. */
export interface Talking {
  readonly git: RunningGit;
  /** Must be called when the talk is over, however it ended. */
  readonly leave: () => void;
}

/** Answers fetches from our copy: one `git upload-pack` each. */
export class ServeFetch {
  private readonly oids = new WeakMap<Snapshot, ReadonlySet<string>>();

  constructor(
    private readonly mirrors: Mirrors,
    private readonly admission: Admission,
  ) {}

  get counts(): { readonly running: number; readonly waiting: number } {
    return this.admission.counts;
  }

  /** True where every wanted object is here. A process is started only for wants that no ref of the epoch names. */
  async hasWants(session: Session, mirror: Mirror, { wants }: UploadPackPlan): Promise<boolean> {
    const known = this.oidsOf(mirror.snapshot);
    const others = wants.filter((oid) => !known.has(oid));
    if (others.length === 0) return true;
    const leave = await this.enter(session);
    try {
      return (await missingObjects(this.mirrors.repositoryPath(mirror.id), others)).length === 0;
    } finally {
      leave();
    }
  }

  /**
   * @throws AntipodeError `busy` before anything was started; `mirror_damaged` where git refuses or fails
   *   before its first byte, with git's sentence as the hint.
   */
  async start(session: Session, mirror: Mirror, question: FetchQuestion): Promise<FetchAnswer> {
    const leave = await this.enter(session);
    try {
      return await this.run(session, mirror, question, leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  /**
   * Starts git for the rest of a conversation (v0 and v1 over SSH). It advertises to nobody: the client has seen the
   * refs, and hidden tips may be wanted by name. Whoever calls must give the place back.
   *
   * @throws AntipodeError `busy` before anything was started.
   */
  async converse(session: Session, mirror: Mirror, kind: 'clone' | 'fetch'): Promise<Talking> {
    const leave = await this.enter(session);
    try {
      const git = await startUploadPack({
        repository: this.mirrors.repositoryPath(mirror.id),
        protocol: 'v0',
        mode: 'conversation',
        bitmaps: kind === 'clone' ? 'use' : 'skip',
        // A hundred thousand refs need not be written down for nobody.
        config: [['uploadpack.hideRefs', 'refs/']],
        signal: session.signal,
      });
      return { git, leave };
    } catch (error) {
      leave();
      throw error;
    }
  }

  private enter(session: Session): Promise<() => void> {
    return session.visit.step('queue', () => this.admission.enter(session.repository.id, session.signal));
  }

  private async run(
    session: Session,
    mirror: Mirror,
    question: FetchQuestion,
    leave: () => void,
  ): Promise<FetchAnswer> {
    const { plan, version, body } = question;
    const git = await startUploadPack({
      repository: this.mirrors.repositoryPath(mirror.id),
      protocol: `v${version}`,
      mode: 'stateless',
      // A fetch near the tip is several times larger with bitmaps; a clone is several times slower without.
      bitmaps: plan.haves.length > 0 ? 'skip' : 'use',
      signal: session.signal,
    });
    git.stdin.end(body);
    const finished = requireGoodEnd(git);
    // Awaited by whoever streams the answer; until then a failure must not count as unhandled.
    finished.catch(() => undefined);
    try {
      const opening = await session.visit.step('first_byte', () => readOpening(git, question));
      return { opening, rest: git.stdout, finished, leave };
    } catch (error) {
      git.kill();
      throw error;
    }
  }

  private oidsOf(snapshot: Snapshot): ReadonlySet<string> {
    let oids = this.oids.get(snapshot);
    if (!oids) {
      oids = new Set(snapshot.refs.map(({ oid }) => oid));
      this.oids.set(snapshot, oids);
    }
    return oids;
  }
}

/** How long a good beginning is held back while git counts objects: long enough for damage to show. */
const HOLD_MS = 1500;

async function readOpening(git: RunningGit, { plan, version, notice }: FetchQuestion): Promise<Buffer> {
  const opening = new Opening({
    version,
    bands: bandsOf(plan.options, version),
    notice: plan.options.has('no-progress') ? undefined : notice,
  });
  const heldUntil = performance.now() + HOLD_MS;
  for (;;) {
    const chunk = await nextChunk(
      git.stdout,
      opening.isPromising ? heldUntil - performance.now() : undefined,
    );
    // Damage shows within moments; progress must not be kept from the person for longer.
    const opened =
      chunk === 'late' ? opening.good() : chunk ? opening.take(chunk) : await atEnd(git, opening);
    if (opened.kind === 'good') return opened.bytes;
    if (opened.kind === 'refused')
      throw new AntipodeError('mirror_damaged', 'git refused a fetch', {}, { hint: opened.sentence });
  }
}

async function atEnd(git: RunningGit, opening: Opening): Promise<Opened> {
  await requireGoodEnd(git);
  return opening.good();
}

function bandsOf(options: ReadonlySet<string>, version: ProtocolVersion): 'none' | 'pack' | 'all' {
  if (version === 2) return options.has('sideband-all') ? 'all' : 'pack';
  return options.has('side-band-64k') || options.has('side-band') ? 'pack' : 'none';
}

/**
 * The next bytes; undefined at the end; 'late' after `waitMs`. Leaves the stream as it is otherwise, for
 * `pipeline` to go on with.
 */
async function nextChunk(stream: Readable, waitMs: number | undefined): Promise<Buffer | undefined | 'late'> {
  const lateAt = waitMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + waitMs;
  for (;;) {
    const chunk = stream.read() as Buffer | null;
    if (chunk !== null) return chunk;
    if (stream.readableEnded || stream.destroyed) return undefined;
    if (performance.now() >= lateAt) return 'late';
    await change(stream, lateAt - performance.now());
  }
}

function change(stream: Readable, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const events = ['readable', 'end', 'close', 'error'] as const;
    const done = (): void => {
      clearTimeout(timer);
      for (const event of events) stream.off(event, done);
      resolve();
    };
    const timer = Number.isFinite(waitMs) ? setTimeout(done, Math.max(1, waitMs)) : undefined;
    for (const event of events) stream.once(event, done);
  });
}

async function requireGoodEnd(git: RunningGit): Promise<void> {
  const { code, signal, stderr } = await git.exited;
  if (code === 0) return;
  throw new AntipodeError('mirror_damaged', 'answering a fetch with git', {
    exitCode: code,
    signal,
    stderr: stderr.slice(-500),
  });
}
