import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Repository } from '../state/model.js';
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
    for (const [name, script] of Object.entries(HOOKS)) {
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

/**
 * receive-pack knows exactly which refs moved; these scripts hand that to the simulator through a
 * file named in the environment. pre-receive refuses on behalf of branch restrictions and the size limits.
 */
const HOOKS: Readonly<Record<string, string>> = {
  'post-receive': '#!/bin/sh\n[ -z "$SIM_PUSH_FILE" ] || exec cat > "$SIM_PUSH_FILE"\n',
  'pre-receive': `#!/bin/sh
while read -r old new ref; do
  for branch in $SIM_PROTECTED; do
    if [ "$ref" = "refs/heads/$branch" ]; then echo "Permission denied to update branch $branch." >&2; exit 1; fi
  done
done
if [ -n "$SIM_REFUSE_PUSH" ]; then echo "$SIM_REFUSE_PUSH" >&2; exit 1; fi
[ -z "$SIM_FILE_LIMIT" ] || [ -z "$GIT_QUARANTINE_PATH" ] && exit 0
big=$(GIT_ALTERNATE_OBJECT_DIRECTORIES= git cat-file --batch-all-objects --batch-check='%(objectsize) %(objecttype) %(objectname)' 2>/dev/null |
  while read -r size type name; do [ "$type" = blob ] && [ "$size" -gt "$SIM_FILE_LIMIT" ] && echo "$name"; done | head -n 1)
if [ -n "$big" ]; then echo "File $big is over the file size limit and will not be accepted." >&2; exit 1; fi
exit 0
`,
};
