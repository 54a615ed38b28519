import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { blobPath } from '@antipode/blob-store';
import {
  eventually,
  House,
  makeSshKey,
  npm,
  SimApi,
  type LargeFile,
  type SimLfsObject,
} from '@antipode/testing';
import { run } from '../processes/run.js';
import { gitSettings } from '../git-settings.js';
import type { MeteredPart } from '../measure/cpu-meter.js';
import { linkAccount } from '../ssh/link-account.js';
import type { SshSubject } from '../ssh/ssh-subject.js';
import type { Subject } from '../subject.js';
import { primaryTraffic, type Traffic } from './primary-traffic.js';

/** A project of the sample workspace that `npm start` selects for its demo. */
const PROJECT = 'WEB';
/** Stands for the far host: what it costs is not the mirror's. */
const PRIMARY = 'bitbucket-sim';
const SYNC_MS = 300_000;

interface Mirrored {
  readonly id: string;
  readonly path: string;
  readonly phase: string;
  readonly epoch: number;
}

/** The house, entered as users enter it, with empty data of its own. */
export class BenchHouse implements AsyncDisposable {
  private readonly sim: SimApi;

  private constructor(private readonly house: House) {
    const { email, apiToken } = house.user('owner');
    this.sim = new SimApi(house.demo.primary.url, { username: email, password: apiToken });
  }

  static async start(data: string, portBase: number | undefined): Promise<BenchHouse> {
    // A bench that was killed leaves its house running.
    await npm(['run', 'stop', '--', '--data', data]);
    await rm(data, { recursive: true, force: true });
    return new BenchHouse(await House.start({ data, ...(portBase === undefined ? {} : { portBase }) }));
  }

  /** `workspace/slug`. */
  path(slug: string): string {
    return `${this.house.workspace}/${slug}`;
  }

  get primaryOrigin(): string {
    return this.house.demo.primary.url;
  }

  get subject(): Subject {
    return {
      name: 'mirror',
      origin: this.house.demo.mirror.url,
      credential: this.house.credential('owner'),
      parts: this.parts,
    };
  }

  /** The same house at its SSH door, for somebody who has linked an account. @param folder for the key */
  async sshSubject(folder: string): Promise<SshSubject> {
    const key = await makeSshKey(folder, 'linked', 'ed25519');
    const owner = this.house.user('owner');
    await this.sim.addSshKey(owner.username, key.publicKey);
    await linkAccount(this.house.demo.mirror.url, owner);
    return { name: 'mirror', origin: this.house.demo.mirror.ssh, key, parts: this.parts };
  }

  /** Each service by its name, the databases included; without the simulated primary. */
  private get parts(): MeteredPart[] {
    return this.house.demo.processes
      .filter(({ name }) => name !== PRIMARY)
      .map(({ name, pid }) => ({ name, pids: [pid] }));
  }

  /** The same house where only those who move large files are counted. */
  get largeFilesSubject(): Subject {
    const parts = this.parts.filter(({ name }) => name === 'edge' || name === 'lfs');
    return { ...this.subject, parts };
  }

  /** The simulated primary, asked by the same person. */
  get primarySubject(): Subject {
    const { pid } = this.house.demo.processes.find(({ name }) => name === PRIMARY) ?? {};
    if (pid === undefined) throw new Error('the house has no primary');
    return {
      ...this.subject,
      name: 'baseline',
      origin: this.primaryOrigin,
      parts: [{ name: PRIMARY, pids: [pid] }],
    };
  }

  edgePid(): Promise<number> {
    return this.house.pid('edge');
  }

  traffic(): Promise<Traffic> {
    return primaryTraffic(this.sim);
  }

  /** Asked by the control API, which no counter counts. */
  async primaryRefs(path: string): Promise<Readonly<Record<string, string>>> {
    return (await this.sim.refs(path)).refs;
  }

  /**
   * Creates a repository on the primary, pushes `local` to it, and waits until the mirror serves it.
   *
   * @returns the mirror's own bare repository.
   */
  async publish(slug: string, local: string): Promise<string> {
    const path = this.path(slug);
    await this.sim.create(path, PROJECT);
    const settings = gitSettings(this.house.credential('owner'));
    await run('git', ['-C', local, 'push', '--quiet', '--mirror', this.house.primaryUrl(slug)], {
      env: settings,
    });
    const mirror = await eventually(() => this.mirrored(path), { timeoutMs: SYNC_MS, everyMs: 200 });
    // The mirror's maintenance does this in its time. Until then each git process of both sides would open every ref's
    // own file, and the baseline far more often than the mirror.
    await run('git', ['-c', 'safe.directory=*', '-C', mirror, 'pack-refs', '--all']);
    return mirror;
  }

  /** Creates a repository with large files on the primary, and waits until the mirror has all of them. */
  async publishLarge(
    slug: string,
    files: Readonly<Record<string, LargeFile>>,
  ): Promise<{ path: string; objects: SimLfsObject[] }> {
    const path = this.path(slug);
    await this.sim.create(path, PROJECT);
    const committed = await this.sim.lfs.commit(path, files);
    const objects = Object.values(committed.objects);
    const waiting = { timeoutMs: SYNC_MS, everyMs: 200 };
    await eventually(() => this.mirrored(path), waiting);
    for (const { oid } of objects)
      await eventually(() => access(this.blobPath(oid)).then(() => true), waiting);
    return { path, objects };
  }

  /** Gives a repository of the primary an object that no commit names, so that the mirror does not look for it. */
  putLarge(path: string, file: LargeFile): Promise<SimLfsObject> {
    return this.sim.lfs.put(path, file);
  }

  /** How often the primary has sent it. */
  async largeFileDownloads(oid: string): Promise<number> {
    return (await this.sim.lfs.traffic(oid)).downloads;
  }

  /** Where the mirror keeps an object. */
  blobPath(oid: string): string {
    return blobPath(join(this.house.data, 'lfs'), oid);
  }

  /** The bare repository of a synced mirror. An epoch alone says little: the first one may be of before the push. */
  private async mirrored(path: string): Promise<string> {
    const { values } = await this.ask<{ values: Mirrored[] }>('GET', '/repositories?limit=200');
    const found = values.find((one) => one.path === path);
    // The webhook tells of the push; where the repository is not even known, only a sweep finds it.
    if (!found) await this.ask('POST', '/sweep');
    if (!found || found.epoch === 0 || found.phase !== 'ready')
      throw new Error(`${path} is not synced: ${found?.phase}`);
    const mirror = join(this.house.data, 'repositories', found.id.slice(0, 2), `${found.id}.git`);
    const here = await refsOf(mirror);
    const there = await this.primaryRefs(path);
    const same =
      here.size === Object.keys(there).length &&
      Object.entries(there).every(([ref, oid]) => here.get(ref) === oid);
    if (!same) throw new Error(`${path} is behind the primary: ${here.size} refs`);
    return mirror;
  }

  private async ask<T>(method: string, path: string): Promise<T> {
    const { url, adminToken } = this.house.demo.mirror;
    const response = await fetch(`${url}/-/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}` },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.house.stop();
  }
}

/** Without the mirror's own hidden ones. */
async function refsOf(repository: string): Promise<Map<string, string>> {
  const format = '--format=%(refname) %(objectname)';
  const text = await run('git', [
    '-c',
    'safe.directory=*',
    '-C',
    repository,
    'for-each-ref',
    format,
    'refs/heads',
    'refs/tags',
  ]);
  return new Map(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ') as [string, string]),
  );
}
