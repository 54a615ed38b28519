import type { SimApi } from './sim-api.js';
import type { SimLfsObject, SimLfsObjectCounts } from './sim-shapes.js';

/** What a large file consists of: text, bytes, or noise that the simulator makes itself, which may be a gigabyte. */
export type LargeFile = string | Buffer | { readonly seed: string; readonly size: number };

export interface LargeCommit {
  readonly branch?: string;
  readonly message?: string;
}

/** The large files of the simulated Bitbucket, without a git-lfs. Paths of repositories are "workspace/slug". */
export class SimLfs {
  constructor(private readonly sim: SimApi) {}

  /** Gives a repository an object that no commit points to. */
  async put(path: string, file: LargeFile): Promise<SimLfsObject> {
    return this.sim.control('POST', `/repositories/${path}/lfs/objects`, contentOf(file));
  }

  /**
   * Commits large files as if somebody had pushed them with git-lfs: objects, pointers, `.gitattributes`.
   *
   * @param files by path; an `{oid, size}` is a pointer only, to whatever it claims: no object comes with it
   */
  async commit(
    path: string,
    files: Readonly<Record<string, LargeFile | SimLfsObject>>,
    commit: LargeCommit = {},
  ): Promise<{ hash: string; objects: Record<string, SimLfsObject> }> {
    const contents = Object.entries(files).map(([name, file]) => [
      name,
      isPointer(file) ? { oid: file.oid, size: file.size } : contentOf(file),
    ]);
    const body = { ...commit, files: Object.fromEntries(contents) as unknown };
    return this.sim.control('POST', `/repositories/${path}/lfs/commit`, body);
  }

  /** Everything that belongs to a repository, by oid. */
  async objects(path: string): Promise<SimLfsObject[]> {
    const { objects } = await this.sim.control<{ objects: SimLfsObject[] }>(
      'GET',
      `/repositories/${path}/lfs/objects`,
    );
    return objects;
  }

  /** How often an object was asked for, downloaded and so on since the last `resetCounters`. */
  async traffic(oid: string): Promise<SimLfsObjectCounts> {
    const { lfs } = await this.sim.counters();
    return lfs.objects[oid] ?? NEVER;
  }
}

const NEVER: SimLfsObjectCounts = {
  asked: 0,
  downloads: 0,
  bytesOut: 0,
  uploads: 0,
  bytesIn: 0,
  verifications: 0,
};

const isPointer = (file: LargeFile | SimLfsObject): file is SimLfsObject =>
  typeof file === 'object' && 'oid' in file;

function contentOf(file: LargeFile): unknown {
  if (typeof file === 'string') return { text: file };
  return Buffer.isBuffer(file) ? { base64: file.toString('base64') } : file;
}
