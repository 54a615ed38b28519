import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { registry } from '@antipode/contracts';
import {
  MirrorDisk,
  MirrorWriter,
  compareBytes,
  type Snapshot,
  type SnapshotRef,
} from '@antipode/mirror-disk';
import { git, makeHistory, tryGit, type HistoryShape } from '@antipode/testing';

const SMALL: HistoryShape = { commits: 40, branches: 5, tags: 6 };

/** The primary's repositories on disk, and our mirrors of them, synced by hand. */
export class GivenMirrors {
  readonly selected: registry.Repository[] = [];
  readonly events = new EventEmitter();
  readonly disk: MirrorDisk;
  private readonly writer: MirrorWriter;
  private readonly epochs = new Map<string, number>();

  constructor(private readonly options: { data: string; origin: string; public: readonly string[] }) {
    this.disk = new MirrorDisk(join(options.data, 'repositories'));
    this.writer = new MirrorWriter(this.disk);
  }

  /** The bare repository on the primary. */
  origin(path = 'acme/widget'): string {
    return join(this.options.origin, `${path}.git`);
  }

  /** Makes a repository on the primary and selects it; synced unless told otherwise. Returns its id. */
  async add(
    path = 'acme/widget',
    {
      shape = SMALL,
      synced = true,
      freshness = '',
    }: { shape?: HistoryShape | 'empty'; synced?: boolean; freshness?: string } = {},
  ): Promise<string> {
    await this.create(path, shape);
    const id = randomUUID();
    this.selected.push(
      registry.Repository.fromPartial({ id, path, public: this.options.public.includes(path), freshness }),
    );
    if (synced) await this.sync(id);
    this.events.emit('selected');
    return id;
  }

  /** Makes a repository on the primary that is not selected. */
  async create(path: string, shape: HistoryShape | 'empty' = SMALL): Promise<void> {
    await mkdir(dirname(this.origin(path)), { recursive: true });
    if (shape === 'empty') await git(['init', '--quiet', '--bare', this.origin(path)]);
    else await makeHistory(this.origin(path), shape);
    // As on real hosts; and filters, so that what passes through can be compared.
    for (const [key, value] of [
      ['uploadpack.allowFilter', 'true'],
      ['http.receivepack', 'false'],
    ] as const) {
      await git(['config', key, value], { cwd: this.origin(path) });
    }
  }

  /** A new commit on a branch of the primary. */
  async commit(path = 'acme/widget', branch = 'main', text = randomUUID()): Promise<string> {
    const cwd = this.origin(path);
    const blob = await git(['hash-object', '-w', '--stdin'], { cwd, input: text });
    const tree = await git(['mktree'], { cwd, input: `100644 blob ${blob}\tfile.txt\n` });
    const parent = await tryGit(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`], { cwd });
    const parents = parent.code === 0 ? ['-p', parent.stdout.trim()] : [];
    const tip = await git(['commit-tree', tree, ...parents, '-m', text], { cwd });
    await git(['update-ref', `refs/heads/${branch}`, tip], { cwd });
    return tip;
  }

  /** What the sync service does, in short: objects, pins, refs, snapshot, confirmation. */
  async sync(id: string, confirmedAtMs = Date.now()): Promise<number> {
    const { path } = this.selected.find((repository) => repository.id === id) ?? { path: '' };
    const mirror = this.disk.repositoryPath(id);
    if (!existsSync(mirror)) await git(['init', '--quiet', '--bare', mirror]);
    const before = await this.disk.readSnapshot(id);
    const pins = new Set(before?.refs.map(({ oid }) => `update refs/antipode/pins/${oid} ${oid}\n`));
    await git(['update-ref', '--stdin'], { cwd: mirror, input: [...pins].join('') });
    await git(
      [
        'fetch',
        '--quiet',
        '--prune',
        this.origin(path),
        '+refs/heads/*:refs/heads/*',
        '+refs/tags/*:refs/tags/*',
      ],
      { cwd: mirror },
    );
    await git(
      ['symbolic-ref', 'HEAD', (await readFile(join(this.origin(path), 'HEAD'), 'utf8')).slice(5).trim()],
      { cwd: mirror },
    );
    const epoch = (this.epochs.get(id) ?? 0) + 1;
    this.epochs.set(id, epoch);
    await this.writer.publish(id, await readSnapshot(mirror, epoch));
    await this.writer.confirm(id, confirmedAtMs);
    return epoch;
  }

  /** As if the last confirmation were that old. */
  async age(id: string, ms: number): Promise<void> {
    const { utimes } = await import('node:fs/promises');
    const at = (Date.now() - ms) / 1000;
    await utimes(this.disk.confirmedPath(id), at, at);
  }
}

async function readSnapshot(mirror: string, epoch: number): Promise<Snapshot> {
  const { stdout } = await tryGit(['show-ref', '--dereference'], { cwd: mirror });
  const refs = new Map<string, SnapshotRef>();
  for (const line of stdout.split('\n').filter((text) => text !== '' && !text.includes(' refs/antipode/'))) {
    const [oid = '', name = ''] = line.split(' ');
    const tag = name.endsWith('^{}') ? refs.get(name.slice(0, -3)) : undefined;
    if (tag) refs.set(tag.name, { ...tag, peeled: oid });
    else refs.set(name, { name, oid });
  }
  const headTarget = await git(['symbolic-ref', 'HEAD'], { cwd: mirror });
  const head = await tryGit(['rev-parse', '--verify', '--quiet', 'HEAD'], { cwd: mirror });
  return {
    epoch,
    objectFormat: 'sha1',
    headTarget,
    headOid: head.code === 0 ? head.stdout.trim() : undefined,
    refs: [...refs.values()].sort((a, b) => compareBytes(a.name, b.name)),
  };
}
