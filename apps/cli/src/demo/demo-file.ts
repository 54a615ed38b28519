import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile, type RecordedProcess } from '../house/journal.js';
import type { Ports } from '../house/ports.js';
import type { Primary } from '../parts/primary.js';
import { publicSshUrl, publicUrl } from '../parts/services.js';
import type { SimulatorState } from '../parts/simulator.js';

/** What a running house is: the way in for end-to-end tests and benchmarks. */
export interface DemoDocument {
  readonly mirror: { readonly url: string; readonly ssh: string; readonly adminToken: string };
  /** `api` and `ssh` are null where the primary has none. */
  readonly primary: { readonly url: string; readonly api: string | null; readonly ssh: string | null };
  readonly workspace: string | null;
  readonly users: SimulatorState['users'];
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
}

export interface DemoFacts {
  readonly ports: Ports;
  readonly adminToken: string;
  readonly primary: Primary;
  readonly sim: SimulatorState | undefined;
  readonly processes: readonly RecordedProcess[];
}

export const demoFilePath = (dataFolder: string): string => join(dataFolder, 'demo.json');

/** `<data>/demo.json`, kept true while the house runs. It holds tokens, so only its owner may read it. */
export class DemoFile {
  private document: DemoDocument | undefined;
  private readonly path: string;
  private writing: Promise<void> = Promise.resolve();

  constructor(dataFolder: string) {
    this.path = demoFilePath(dataFolder);
  }

  async write({ ports, adminToken, primary, sim, processes }: DemoFacts): Promise<void> {
    this.document = {
      mirror: { url: publicUrl(ports), ssh: publicSshUrl(ports), adminToken },
      primary: {
        url: primary.gitUrl ?? 'https://bitbucket.org',
        api: primary.apiUrl ?? null,
        ssh: primary.sshUrl ?? null,
      },
      // Empty where nobody has connected it yet.
      workspace: (sim?.workspace ?? primary.workspace) || null,
      users: sim?.users ?? [],
      processes: publicView(processes),
    };
    await this.save();
  }

  /** A part came back under another pid. */
  async noteProcesses(processes: readonly RecordedProcess[]): Promise<void> {
    if (!this.document) return;
    this.document = { ...this.document, processes: publicView(processes) };
    await this.save();
  }

  /** A stopped house has no way in. */
  async remove(): Promise<void> {
    await this.writing;
    await rm(this.path, { force: true });
  }

  private async save(): Promise<void> {
    const content = `${JSON.stringify(this.document, null, 2)}\n`;
    this.writing = this.writing.then(() => replaceFile(this.path, content));
    await this.writing;
  }
}

const publicView = (processes: readonly RecordedProcess[]): DemoDocument['processes'] =>
  processes.map(({ name, pid }) => ({ name, pid }));
