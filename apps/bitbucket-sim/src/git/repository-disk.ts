import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Repository } from '../state/model.js';
import { HOOK_SCRIPTS } from './hook-scripts.js';
import { runGit } from './run-git.js';

/** Where the bare repositories lie: by uuid, so that a rename touches no disk. */
export class RepositoryDisk {
  readonly root: string;
  readonly hooksDirectory: string;

  constructor(dataDirectory: string) {
    this.root = join(dataDirectory, 'repositories');
    this.hooksDirectory = join(dataDirectory, 'hooks');
  }

  /** `<uuid without braces>.git`, also the PATH_INFO that http-backend gets. */
  folder(repository: Repository): string {
    return `${repository.uuid.slice(1, -1)}.git`;
  }

  path(repository: Repository): string {
    return join(this.root, this.folder(repository));
  }

  async prepare(): Promise<void> {
    await mkdir(this.root, { recursive: true });
    await mkdir(this.hooksDirectory, { recursive: true });
    for (const [name, script] of Object.entries(HOOK_SCRIPTS)) {
      await writeFile(join(this.hooksDirectory, name), script, { mode: 0o755 });
    }
  }

  /** Made beside and renamed, so that a half-made repository is never served. */
  async create(repository: Repository): Promise<void> {
    const path = this.path(repository);
    const staging = `${path}.new`;
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { recursive: true });
    await runGit(staging, ['init', '--quiet', '--bare', '--template=', '--initial-branch=main']);
    await rename(staging, path);
  }

  async copy(from: Repository, to: Repository): Promise<void> {
    await this.create(to);
    await runGit(this.path(to), [
      'fetch',
      '--quiet',
      this.path(from),
      '+refs/heads/*:refs/heads/*',
      '+refs/tags/*:refs/tags/*',
    ]);
  }

  async remove(repository: Repository): Promise<void> {
    await rm(this.path(repository), { recursive: true, force: true });
  }

  async exists(repository: Repository): Promise<boolean> {
    return stat(this.path(repository)).then(
      () => true,
      () => false,
    );
  }

  /** Bytes of its objects. */
  async size(repository: Repository): Promise<number> {
    return directorySize(join(this.path(repository), 'objects'));
  }
}

async function directorySize(path: string): Promise<number> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const sizes = entries.map((entry) => {
    const child = join(path, entry.name);
    if (entry.isDirectory()) return directorySize(child);
    // A pack may be renamed away under our feet.
    return stat(child).then(
      (found) => found.size,
      () => 0,
    );
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
