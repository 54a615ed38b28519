import { Inject, Injectable } from '@nestjs/common';
import { AntipodeError, toAntipodeError } from '@antipode/errors';
import type { ConnectionCredential, Discovery } from '@antipode/primary';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { MIRROR } from '../audit/initiator.js';
import { removeWebhooks } from '../webhooks/remove-webhooks.js';
import { follow, isLiving } from './connection-phase.js';
import { ConnectionPhases } from './connection-phases.js';
import { ConnectionService } from './connection.service.js';
import { ConnectionStore, type ConnectionRow } from './connection.store.js';
import { FORGOTTEN, MirroredData } from './mirrored-data.js';

/** A primary that does not answer is asked this long to withdraw the webhook; after that its deliveries meet a 401. */
const WITHDRAW_FOR_MS = 3_600_000;

/**
 * Does what the connection's phase asks for, step by step, each of them harmless when it is done twice: whoever dies in
 * between leaves the rest to the next round, of this instance or another. Only the one whose turn it is calls it.
 */
@Injectable()
export class ConnectionLife {
  constructor(
    private readonly connection: ConnectionService,
    private readonly data: MirroredData,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly phases: ConnectionPhases,
    private readonly store: ConnectionStore,
  ) {}

  /** @throws AntipodeError `primary_*` where the primary cannot be asked: the rest must be tried again. */
  async settle(signal: AbortSignal): Promise<void> {
    const { discovery } = this.connection.primary;
    if (!discovery) return;
    const row = await this.store.read();
    if (!this.connection.isBySettings && isBySettings(row)) await this.leaveSettings();
    if ((await this.store.read()).phase === 'disconnecting') await this.withdraw(signal);
    const { settingsWorkspace } = this.connection;
    if (settingsWorkspace === undefined) await this.hideUnheld();
    else await this.adoptSettings(settingsWorkspace, discovery, signal);
    await this.deleteDue();
    await this.greet(discovery, signal);
  }

  /**
   * Before anything else is asked of the primary: one small question, as long as the connection does not stand, or the
   * workspace is known by its name alone.
   */
  private async greet(discovery: Discovery, signal: AbortSignal): Promise<void> {
    const { phase, workspaceId: known } = await this.store.read();
    if (!isLiving(phase) || (phase === 'connected' && known !== null)) return;
    await this.connection.asking(async () => {
      const { scopes = [], workspaceId } = await discovery.inspect(
        await this.connection.credential(),
        signal,
      );
      const { workspaceId: own } = await this.store.read();
      if (own !== null && workspaceId !== undefined && own !== workspaceId) throw another();
      await this.store.update({ scopes: [...scopes], ...(workspaceId === undefined ? {} : { workspaceId }) });
    });
  }

  /** The settings no longer name a connection: as if an admin had disconnected. */
  private async leaveSettings(): Promise<void> {
    const dataUntil = this.connection.dataUntil('kept');
    await this.data.change(async (transaction) => {
      // Somebody may have connected it by the API since it was read.
      if (!isBySettings(await this.store.lock(transaction))) return;
      const step = { event: 'disconnect', by: MIRROR, data: { dataUntil } } as const;
      if (await this.phases.move(transaction, step)) await this.data.hide(transaction);
    });
  }

  /** Data of a workspace that nobody is connected to: of a version before the API could connect, without its settings. */
  private async hideUnheld(): Promise<void> {
    const isUnheld = ({ phase, workspace, dataUntil }: ConnectionRow): boolean =>
      phase === 'unconnected' && workspace !== null && dataUntil === null;
    if (!isUnheld(await this.store.read())) return;
    await this.data.change(async (transaction) => {
      const row = await this.store.lock(transaction);
      if (!isUnheld(row)) return;
      await this.data.hide(transaction);
      await this.store.update({ dataUntil: this.connection.dataUntil('kept') }, transaction);
      this.logger.warn(
        { workspace: row.workspace },
        'nobody is connected to this workspace; it is not served',
      );
    });
  }

  private async adoptSettings(workspace: string, discovery: Discovery, signal: AbortSignal): Promise<void> {
    const isSettled = (row: ConnectionRow): boolean => isBySettings(row) && row.workspace === workspace;
    const before = await this.store.read();
    if (isSettled(before)) return;
    const isOther = before.workspace !== null && before.workspace !== workspace;
    const told = isOther ? { webhook: await this.leaveOther(before, discovery, signal) } : {};
    await this.data.change(async (transaction) => {
      const row = await this.store.lock(transaction);
      if (row.workspace !== before.workspace || !follow(row.phase, 'connect'))
        throw new AntipodeError('busy', 'connecting by the settings');
      if (isOther) await this.data.delete(transaction, MIRROR);
      const managed = { managedBy: 'settings', workspace, dataUntil: null, credential: null } as const;
      const data = isOther ? { ...FORGOTTEN, ...managed } : managed;
      await this.phases.move(transaction, { event: 'connect', by: MIRROR, data, told });
    });
  }

  /**
   * Before another workspace's data goes: the primary must show us the one that the settings name, or its name is a
   * slip of the pen. @returns what became of the other's webhook
   */
  private async leaveOther(
    before: ConnectionRow,
    discovery: Discovery,
    signal: AbortSignal,
  ): Promise<string> {
    const credential = await this.connection.asking(async () => {
      const settings = await this.connection.credential();
      if ((await discovery.inspect(settings, signal)).projects === 'some') return settings;
      const hint = `The primary shows this credential no project in ${this.connection.settingsWorkspace}.`;
      throw new AntipodeError('not_found', 'connecting by the settings', {}, { hint });
    });
    // A person's token may be good for both.
    const other = { ...credential, workspace: before.workspace ?? '' };
    return (await this.withdrawWebhook(before, signal, other)) ?? 'withdrawn';
  }

  /** First the webhook, while there is a credential to withdraw it with; then the credential. */
  private async withdraw(signal: AbortSignal): Promise<void> {
    const row = await this.store.read();
    const left = await this.withdrawWebhook(row, signal);
    await this.store.change((transaction) =>
      this.phases.move(transaction, {
        event: 'withdrawn',
        by: MIRROR,
        data: FORGOTTEN,
        told: { webhook: left ?? 'withdrawn' },
      }),
    );
  }

  /**
   * @param otherwise where the row has no credential of its own.
   * @returns why it may be left at the primary; undefined where it is gone.
   */
  private async withdrawWebhook(
    row: ConnectionRow,
    signal: AbortSignal,
    otherwise?: ConnectionCredential,
  ): Promise<string | undefined> {
    const { webhooks } = this.connection.primary;
    if (!webhooks || row.hookUrl === null) return undefined;
    try {
      const credential = (await this.connection.open(row)) ?? otherwise;
      if (!credential) return 'There is no credential left to withdraw it with.';
      await removeWebhooks(webhooks, { credential, url: row.hookUrl }, signal);
      return undefined;
    } catch (error) {
      const known = toAntipodeError(error, 'withdrawing the webhook');
      const why = known.hint ?? known.message;
      const isFinal = ['unauthenticated', 'denied', 'not_found', 'not_connected'].includes(known.code);
      if (isFinal || Date.now() - row.phaseSince.getTime() > WITHDRAW_FOR_MS) {
        this.logger.warn({ err: known }, 'the webhook may be left at the primary');
        return why;
      }
      if (!signal.aborted) await this.store.update({ errorCode: known.code, error: why });
      throw known;
    }
  }

  private async deleteDue(): Promise<void> {
    const isDue = ({ phase, dataUntil }: ConnectionRow): boolean =>
      phase === 'unconnected' && dataUntil !== null && dataUntil.getTime() <= Date.now();
    if (!isDue(await this.store.read())) return;
    await this.data.change(async (transaction) => {
      if (isDue(await this.store.lock(transaction))) await this.data.delete(transaction, MIRROR);
    });
  }
}

const another = (): AntipodeError => {
  const hint = 'The name of the workspace is that of another workspace by now.';
  return new AntipodeError('denied', 'looking at the workspace', {}, { hint });
};

const isBySettings = ({ managedBy, phase }: ConnectionRow): boolean =>
  managedBy === 'settings' && isLiving(phase);
