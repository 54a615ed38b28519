import { createHash } from 'node:crypto';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Child, eventually, freePort } from '@antipode/testing';
import { run } from '../processes/run.js';
import type { Subject } from '../subject.js';
import { apacheConfig } from './apache-config.js';

export interface BaselineOptions {
  /** The bench's own; emptied. */
  readonly folder: string;
  readonly apache: string;
  /** `workspace/slug` → the bare repository on the mirror's disk. */
  readonly repositories: ReadonlyMap<string, string>;
}

/** Told to end, Apache signals its whole process group: that must not be ours. */
const OWN_GROUP = { detached: true };

/** Compared with one SHA-1: the cheapest check that Apache has, so that the baseline pays next to nothing for it. */
const CREDENTIAL = { username: 'bench', password: 'bench-password' };

/** `git http-backend` behind Apache, on the very directories that the mirror serves. */
export class Baseline implements AsyncDisposable {
  private constructor(
    private readonly child: Child,
    readonly subject: Subject,
    /** Holds `<workspace>/<slug>.git`. */
    readonly repositories: string,
  ) {}

  static async start({ folder, apache, repositories }: BaselineOptions): Promise<Baseline> {
    await rm(folder, { recursive: true, force: true });
    const root = join(folder, 'repositories');
    for (const [path, target] of repositories) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await symlink(target, join(root, `${path}.git`));
    }
    const port = await freePort();
    const passwordFile = join(folder, 'passwords');
    const sha1 = createHash('sha1').update(CREDENTIAL.password).digest('base64');
    await writeFile(passwordFile, `${CREDENTIAL.username}:{SHA}${sha1}\n`);
    const backend = join((await run('git', ['--exec-path'])).trim(), 'git-http-backend');
    const config = join(folder, 'apache.conf');
    await writeFile(config, apacheConfig({ folder, port, backend, repositories: root, passwordFile }));
    const child = new Child(apache, ['-DFOREGROUND', '-f', config], OWN_GROUP);
    await eventually(() => answers(`http://127.0.0.1:${port}/`, child));
    const parts = [{ name: 'apache', pids: [child.pid ?? 0] }];
    const origin = `http://127.0.0.1:${port}`;
    return new Baseline(child, { name: 'baseline', origin, credential: CREDENTIAL, parts }, root);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.end();
  }
}

async function answers(url: string, child: Child): Promise<boolean> {
  if (child.ended) throw new Error(`apache ended: ${child.output}`);
  return (await fetch(url)).status === 401;
}
