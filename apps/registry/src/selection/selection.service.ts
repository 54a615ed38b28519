import { Injectable } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import { ConnectionService } from '../connection/connection.service.js';
import { DiscoveryService } from '../discovery/discovery.service.js';
import { ProjectsService } from '../projects/projects.service.js';
import type { ProjectChoice, PublicPolicy, Selection } from './selection.js';
import { SelectionChanges } from './selection-change.js';
import { merge, SelectionWriter, type Choose, type Chosen } from './selection-writer.js';

/** Reading and changing which projects are mirrored. */
@Injectable()
export class SelectionService {
  constructor(
    private readonly changes: SelectionChanges,
    private readonly connection: ConnectionService,
    private readonly discovery: DiscoveryService,
    private readonly projects: ProjectsService,
    private readonly writer: SelectionWriter,
  ) {}

  async read(): Promise<Selection> {
    return this.connection.primary.discovery
      ? this.writer.read()
      : { all: true, publicRepositories: 'include' };
  }

  /** What `choose` would do, narrowing included; nothing is changed. @throws AntipodeError like `choose` */
  async preview(choice: ProjectChoice, options: Omit<Choose, 'by'>): Promise<Chosen> {
    await this.check(choice, options.publicRepositories);
    const before = await this.read();
    const chosen = merge(before, choice, options.publicRepositories);
    return { chosen, change: await this.changes.preview(before, chosen) };
  }

  /**
   * Chooses. What is no longer selected stops being served at once; discovery of the rest begins at once.
   *
   * @throws AntipodeError `not_found` names a project that the primary does not have; `unsupported` where it has none;
   *   `conflict` for narrowing that was not allowed.
   */
  async choose(choice: ProjectChoice, options: Choose): Promise<Chosen> {
    await this.check(choice, options.publicRepositories);
    if (!this.connection.primary.discovery) {
      const chosen = await this.read();
      return { chosen, change: await this.changes.describe(chosen, chosen) };
    }
    const done = await this.writer.write(choice, options);
    this.discovery.sweepSoon('full');
    return done;
  }

  /** Those that are selected already may stay, or nobody could keep a project that is out of sight for a while. */
  private async newOnes(projectKeys: readonly string[]): Promise<string[]> {
    const before = await this.read();
    return before.all ? [...projectKeys] : projectKeys.filter((key) => !before.projectKeys.includes(key));
  }

  private async check(choice: ProjectChoice, policy: PublicPolicy | undefined): Promise<void> {
    if (!choice.all) await this.projects.check(await this.newOnes(choice.projectKeys));
    const { discovery, displayName } = this.connection.primary;
    if (policy !== 'exclude' || discovery) return;
    throw new AntipodeError(
      'unsupported',
      'choosing projects',
      {},
      { hint: `${displayName} does not list what is public; leave those out of PRIMARY_REPOSITORIES.` },
    );
  }
}
