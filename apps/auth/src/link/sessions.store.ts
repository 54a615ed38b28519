import { Inject, Injectable } from '@nestjs/common';
import { openSecret, sealSecret } from '@antipode/postgres';
import { CONFIG, type AuthConfig } from '../config.js';
import { Database } from '../database/database.js';
import { hashOf } from '@antipode/web-pages';

/** Longer than anybody thinks about a consent page. */
const ATTEMPT_MS = 600_000;

export interface Attempt {
  /** PKCE's verifier; undefined where no challenge was sent. */
  readonly verifier: string | undefined;
  /** The path of ours to come back to. */
  readonly returnTo: string | undefined;
}

export interface NewSession {
  readonly browser: string;
  /** What the browser was called until now. */
  readonly before: string;
}

/** Who is signed in on the mirror's pages, and who is on the way: by hashes of what only their browsers have. */
@Injectable()
export class SessionsStore {
  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    private readonly database: Database,
  ) {}

  /** The account that this browser is signed in with. */
  async find(browser: string): Promise<string | undefined> {
    const row = await this.database.run('looking up a session', (prisma) =>
      prisma.session.findUnique({ where: { idHash: hashOf(browser) } }),
    );
    return row && row.endsAt.getTime() > Date.now() ? row.accountId : undefined;
  }

  /** Signs a browser in under a new name; whoever was signed in under its name before is no more. */
  async begin({ browser, before }: NewSession, accountId: string): Promise<void> {
    const endsAt = new Date(Date.now() + this.config.LINK_SESSION_SECONDS * 1000);
    const over = [{ endsAt: { lte: new Date() } }, { idHash: hashOf(before) }];
    await this.database.run('beginning a session', async (prisma) => {
      await prisma.session.deleteMany({ where: { OR: over } });
      await prisma.session.create({ data: { idHash: hashOf(browser), accountId, endsAt } });
    });
  }

  async end(browser: string): Promise<void> {
    await this.database.run('ending a session', (prisma) =>
      prisma.session.deleteMany({ where: { idHash: hashOf(browser) } }),
    );
  }

  /** Remembers that this browser is on its way to the primary with this state. */
  async setOut(browser: string, state: string, { verifier, returnTo }: Attempt): Promise<void> {
    const key = this.config.SECRET_KEY;
    const data = {
      stateHash: hashOf(state),
      browserHash: hashOf(browser),
      verifier: verifier === undefined ? null : Uint8Array.from(sealSecret(verifier, key)),
      returnTo: returnTo ?? null,
      endsAt: new Date(Date.now() + ATTEMPT_MS),
    };
    await this.database.run('beginning to link', async (prisma) => {
      await prisma.attempt.deleteMany({ where: { endsAt: { lte: new Date() } } });
      await prisma.attempt.create({ data });
    });
  }

  /** What was remembered of this state and this browser, once; undefined for every other. */
  async comeBack(browser: string, state: string): Promise<Attempt | undefined> {
    const rows = await this.database.run(
      'coming back from the primary',
      (prisma) => prisma.$queryRaw<{ verifier: Uint8Array | null; return_to: string | null }[]>`
        DELETE FROM attempt
         WHERE state_hash = ${hashOf(state)} AND browser_hash = ${hashOf(browser)} AND ends_at > now()
        RETURNING verifier, return_to`,
    );
    const [row] = rows;
    if (!row) return undefined;
    return {
      verifier: row.verifier === null ? undefined : openSecret(row.verifier, this.config.SECRET_KEY),
      returnTo: row.return_to ?? undefined,
    };
  }
}
