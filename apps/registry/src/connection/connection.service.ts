import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import { readConnectionCredential, type ConnectionCredential, type Primary } from '@antipode/primary';
import { CONFIG, type RegistryConfig } from '../config.js';
import { isLiving } from './connection-phase.js';
import { ConnectionStore, type ConnectionRow } from './connection.store.js';
import { PRIMARY } from './primary.provider.js';
import { isRefusal, PrimaryAnswers } from './primary-answers.js';
import { readCredential, writeCredential } from './sealed-credential.js';

const HOUR_MS = 3_600_000;

/**
 * The mirror's tie to the primary: where it comes from, and with which credential.
 *
 * It comes from the settings, whose token is read from its file each time, so that a rotated one needs no restart; or
 * from whoever connected the mirror by the API, and is sealed in the database.
 */
@Injectable()
export class ConnectionService implements OnApplicationShutdown {
  constructor(
    private readonly answers: PrimaryAnswers,
    @Inject(CONFIG) private readonly config: RegistryConfig,
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

  /** @throws AntipodeError `not_connected`; `invalid` where the token's file is not usable. */
  async credential(): Promise<ConnectionCredential> {
    const credential = this.isBySettings ? await this.ofSettings() : this.ofRow(await this.store.read());
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
   *
   * @throws AntipodeError `not_connected` where the primary refuses the credential: it is the mirror's, not the caller's.
   */
  async asking<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
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
  seal(credential: ConnectionCredential): Uint8Array<ArrayBuffer> {
    return writeCredential(credential, this.config.SECRET_KEY);
  }

  /** What the row keeps, whatever the phase. @throws AntipodeError `unauthenticated` after a change of SECRET_KEY */
  open({ credential, workspace }: ConnectionRow): ConnectionCredential | undefined {
    if (!credential || workspace === null) return undefined;
    return readCredential(credential, this.config.SECRET_KEY, workspace);
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

  private ofRow(row: ConnectionRow): ConnectionCredential | undefined {
    return isLiving(row.phase) ? this.open(row) : undefined;
  }
}
