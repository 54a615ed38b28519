import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { AntipodeError, isAntipodeError, toAntipodeError } from '@antipode/errors';
import { readConnectionCredential, type ConnectionCredential, type Primary } from '@antipode/primary';
import { CONFIG, type RegistryConfig } from '../config.js';
import { isLiving } from './connection-phase.js';
import { ConnectionStore, type ConnectionRow } from './connection.store.js';
import { PRIMARY } from './primary.provider.js';
import { LentAccountTokens } from './lent-account-tokens.js';
import { isRefusal, PrimaryAnswers } from './primary-answers.js';
import {
  isLent,
  readCredential,
  writeCredential,
  type Given,
  type LentAccount,
} from './sealed-credential.js';

const HOUR_MS = 3_600_000;

/**
 * The mirror's tie to the primary: where it comes from, and with which credential.
 *
 * It comes from the settings, whose token is read from its file each time, so that a rotated one needs no restart; or
 * from whoever connected the mirror by the API, and is sealed in the database: a credential, or the name of the linked
 * account that an administrator has lent, whose token is asked for each time.
 */
@Injectable()
export class ConnectionService implements OnApplicationShutdown {
  constructor(
    private readonly answers: PrimaryAnswers,
    @Inject(CONFIG) private readonly config: RegistryConfig,
    private readonly lent: LentAccountTokens,
    @Inject(PRIMARY) readonly primary: Primary,
    private readonly store: ConnectionStore,
  ) {}

  /** A host that lists its repositories only does so for somebody; one that does not may be read by anybody. */
  get isBySettings(): boolean {
    return !this.primary.discovery || this.settingsWorkspace !== undefined;
  }

  /** In lower case, as everywhere here: hosts ignore it. Undefined where the settings do not make a connection. */
  get settingsWorkspace(): string | undefined {
    return this.config.PRIMARY_TOKEN_FILE === undefined
      ? undefined
      : this.config.PRIMARY_WORKSPACE?.toLowerCase();
  }

  async isLiving(): Promise<boolean> {
    return this.isBySettings || isLiving((await this.store.read()).phase);
  }

  /** Empty where the primary has none, or the mirror is not connected. */
  async workspace(): Promise<string> {
    if (this.isBySettings) return this.settingsWorkspace ?? '';
    const { phase, workspace } = await this.store.read();
    return isLiving(phase) ? (workspace ?? '') : '';
  }

  /**
   * The same, as the primary is asked what somebody is to it: by its id, where that is known. Its name may be another
   * workspace's by now, whose owner must be nobody here.
   */
  async workspaceOfRoles(): Promise<string> {
    const workspace = await this.workspace();
    const row = await this.store.read();
    return row.workspace === workspace && row.workspaceId !== null ? `{${row.workspaceId}}` : workspace;
  }

  /**
   * @throws AntipodeError `not_connected`; `invalid` where the token's file is not usable; `unauthenticated` where the
   *   lent account is no longer linked, `service_unavailable` where auth cannot be asked for its token.
   */
  async credential(): Promise<ConnectionCredential> {
    const credential = this.isBySettings
      ? await this.ofSettings()
      : await this.ofRow(await this.store.read());
    if (credential) return credential;
    throw new AntipodeError(
      'not_connected',
      'reading the connection',
      {},
      { hint: 'This mirror is not connected to a workspace yet.' },
    );
  }

  /** The Authorization header for git requests; empty where the mirror fetches as anybody. */
  async gitAuthorization(): Promise<string> {
    if (!this.primary.discovery && this.config.PRIMARY_TOKEN_FILE === undefined) return '';
    return this.primary.gitAuthorization(await this.credential());
  }

  /**
   * Runs something that asks the primary, and remembers how that went: for people to see, and for the connection's life.
   * With a lent account's token, which may end at any time, it is run a second time with a new one where it was refused.
   *
   * @throws AntipodeError `not_connected` where the primary refuses the credential: it is the mirror's, not the caller's.
   */
  async asking<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await this.twice(work);
      await this.answers.accepted();
      return result;
    } catch (error) {
      const known = toAntipodeError(error, 'asking the primary');
      // Neither is an answer of the primary's.
      const isAnswer = known.code !== 'cancelled' && known.code !== 'not_connected';
      if (isAnswer) await this.answers.failed(known).catch(() => undefined);
      throw isRefusal(known) ? this.refused(known) : known;
    }
  }

  /** The credential as the row keeps it. */
  seal(given: Given): Uint8Array<ArrayBuffer> {
    return writeCredential(given, this.config.SECRET_KEY);
  }

  /**
   * What the row keeps, whatever the phase.
   *
   * @throws AntipodeError `unauthenticated` after a change of SECRET_KEY, and where a lent account is no longer linked
   */
  async open(row: ConnectionRow): Promise<ConnectionCredential | undefined> {
    const given = this.read(row);
    return given && row.workspace !== null ? this.resolve(given, row.workspace) : undefined;
  }

  /** What the primary is shown. @throws AntipodeError `unauthenticated` where a lent account is not linked */
  async resolve(given: Given, workspace: string): Promise<ConnectionCredential> {
    return isLent(given) ? { token: await this.lent.token(given), workspace } : { ...given, workspace };
  }

  /** The same, of an account that is not lent yet. */
  async tryOut(lent: LentAccount, workspace: string): Promise<ConnectionCredential> {
    return { token: await this.lent.preview(lent), workspace };
  }

  /** The linked account that the connection lives by; undefined where it has a credential of its own. */
  accountOf(row: ConnectionRow): LentAccount | undefined {
    try {
      const given = this.read(row);
      return given && isLent(given) ? given : undefined;
    } catch {
      // Sealed with another key: the connection's own reason says so.
      return undefined;
    }
  }

  /** When the data of a connection that ends now is to be deleted. */
  dataUntil(data: 'kept' | 'now'): Date {
    return new Date(Date.now() + (data === 'now' ? 0 : this.config.GRACE_HOURS * HOUR_MS));
  }

  onApplicationShutdown(): Promise<void> {
    return this.primary.close();
  }

  private refused(cause: AntipodeError): AntipodeError {
    const hint = `${this.primary.displayName} refuses this mirror's credential. ${cause.hint ?? ''}`.trim();
    return new AntipodeError('not_connected', 'asking the primary', {}, { cause, hint });
  }

  private async ofSettings(): Promise<ConnectionCredential | undefined> {
    const credential = await readConnectionCredential(this.config);
    const workspace = this.settingsWorkspace;
    return credential && { ...credential, ...(workspace === undefined ? {} : { workspace }) };
  }

  private async ofRow(row: ConnectionRow): Promise<ConnectionCredential | undefined> {
    return isLiving(row.phase) ? this.open(row) : undefined;
  }

  private read({ credential, workspace }: ConnectionRow): Given | undefined {
    if (!credential || workspace === null) return undefined;
    return readCredential(credential, this.config.SECRET_KEY, workspace);
  }

  private async twice<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isAntipodeError(error) || error.code !== 'unauthenticated' || !(await this.isRenewed()))
        throw error;
      return work();
    }
  }

  /** Whether there is another token than the one that was refused. A link that is gone speaks for itself. */
  private async isRenewed(): Promise<boolean> {
    if (this.isBySettings) return false;
    const account = this.accountOf(await this.store.read());
    return account !== undefined && (await this.lent.renewed(account)) !== undefined;
  }
}
