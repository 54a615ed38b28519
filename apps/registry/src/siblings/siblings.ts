import { readFile, stat } from 'node:fs/promises';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { CONFIG, type RegistryConfig } from '../config.js';
import { checkSibling, openAgent } from './check-sibling.js';
import { readSiblings, type Sibling } from './read-siblings.js';

const CHECK_EVERY_MS = 30_000;
const JITTER = 0.2;
const LOOK_EVERY_MS = 2000;
const LONGEST_FILE_BYTES = 65_536;

export interface CheckedSibling extends Sibling {
  readonly state: 'available' | 'unreachable';
  /** Null before the first check has ended. */
  readonly checkedAt: Date | null;
}

interface Check {
  readonly available: boolean;
  readonly at: Date;
}

/** The other mirrors of the workspace: from a file that is read anew when it changes, and asked now and then how they are. */
@Injectable()
export class Siblings implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly agent = openAgent();
  private readonly stopping = new AbortController();
  /** By address. */
  private readonly checks = new Map<string, Check>();
  private known: readonly Sibling[] = [];
  private stamp = '';
  private lookTimer: NodeJS.Timeout | undefined;
  private checkTimer: NodeJS.Timeout | undefined;
  private working: Promise<void> = Promise.resolve();

  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.SIBLINGS_FILE === undefined) return;
    this.lookTimer = setInterval(() => this.inTurn(() => this.look()), LOOK_EVERY_MS);
    this.inTurn(() => this.look());
    this.schedule();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    clearInterval(this.lookTimer);
    clearTimeout(this.checkTimer);
    await this.working;
    await this.agent.close();
  }

  /** In the file's order. */
  list(): CheckedSibling[] {
    return this.known.map((sibling) => {
      const check = this.checks.get(sibling.url);
      return {
        ...sibling,
        state: check?.available ? 'available' : 'unreachable',
        checkedAt: check?.at ?? null,
      };
    });
  }

  private schedule(): void {
    const inMs = CHECK_EVERY_MS * (1 + JITTER * (2 * Math.random() - 1));
    this.checkTimer = setTimeout(() => {
      this.inTurn(() => this.check(this.known));
      this.schedule();
    }, inMs);
  }

  /** Whatever is done here is done one after the other. */
  private inTurn(work: () => Promise<void>): void {
    this.working = this.working.then(() => (this.stopping.signal.aborted ? undefined : work()));
  }

  private async look(): Promise<void> {
    try {
      const news = await this.readNews(this.config.SIBLINGS_FILE ?? '');
      if (news) await this.take(news);
    } catch (error) {
      this.logger.warn({ err: error }, 'the file of siblings cannot be used; those known before are kept');
    }
  }

  /** What the file says; undefined where it says what it said before. */
  private async readNews(file: string): Promise<Sibling[] | undefined> {
    const seen = await stat(file).catch(() => undefined);
    const stamp = seen ? `${seen.mtimeMs} ${seen.size} ${seen.ino}` : 'away';
    if (stamp === this.stamp) return undefined;
    // A file that is wrong is complained about once.
    this.stamp = stamp;
    if (!seen || seen.size > LONGEST_FILE_BYTES)
      throw new AntipodeError(
        'invalid',
        'reading SIBLINGS_FILE',
        {},
        { hint: seen ? 'It is too large.' : 'It is not there.' },
      );
    return readSiblings(await readFile(file, 'utf8'));
  }

  private async take(siblings: readonly Sibling[]): Promise<void> {
    this.known = siblings;
    const urls = new Set(siblings.map(({ url }) => url));
    for (const url of this.checks.keys()) if (!urls.has(url)) this.checks.delete(url);
    await this.check(siblings.filter(({ url }) => !this.checks.has(url)));
  }

  private async check(siblings: readonly Sibling[]): Promise<void> {
    await Promise.all(
      siblings.map(async ({ url }) => {
        const available = await checkSibling(this.agent, url, this.stopping.signal);
        if (!this.stopping.signal.aborted) this.checks.set(url, { available, at: new Date() });
      }),
    );
  }
}
