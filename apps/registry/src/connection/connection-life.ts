import { Inject, Injectable } from '@nestjs/common';
import { toAntipodeError } from '@antipode/errors';
import type { Discovery } from '@antipode/primary';
import { LOGGER, type Logger } from '@antipode/service-kit';
import { MIRROR } from '../audit/initiator.js';
import { isLiving } from './connection-phase.js';
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
    if (!this.connection.isBySettings && row.managedBy === 'settings' && isLiving(row.phase))
      await this.leaveSettings();
    if ((await this.store.read()).phase === 'disconnecting') await this.withdraw(signal);
    const { settingsWorkspace } = this.connection;
    if (settingsWorkspace !== undefined) await this.adoptSettings(settingsWorkspace);
    await this.deleteDue();
    await this.greet(discovery, signal);
  }

  /** Before anything else is asked of the primary: one small question, as long as the connection does not stand. */
  private async greet(discovery: Discovery, signal: AbortSignal): Promise<void> {
    const { phase } = await this.store.read();
    if (phase !== 'connecting' && phase !== 'suspended') return;
    await this.connection.asking(async () => {
      const { scopes = [] } = await discovery.inspect(await this.connection.credential(), signal);
      await this.store.update({ scopes: [...scopes] });
    });
  }

  /** The settings no longer name a connection: as if an admin had disconnected. */
  private async leaveSettings(): Promise<void> {
    const dataUntil = this.connection.dataUntil('kept');
    await this.data.change(async (transaction) => {
      await this.phases.move(transaction, { event: 'disconnect', by: MIRROR, data: { dataUntil } });
      await this.data.hide(transaction);
    });
  }

  private async adoptSettings(workspace: string): Promise<void> {
    const isSettled = (row: ConnectionRow): boolean =>
      row.managedBy === 'settings' && row.workspace === workspace && isLiving(row.phase);
    if (isSettled(await this.store.read())) return;
    await this.data.change(async (transaction) => {
      const row = await this.store.lock(transaction);
      if (isSettled(row)) return;
      const isOther = row.workspace !== null && row.workspace !== workspace;
      if (isOther) await this.data.delete(transaction, MIRROR);
      const managed = { managedBy: 'settings', workspace, dataUntil: null, credential: null } as const;
      const data = isOther ? { ...FORGOTTEN, ...managed } : managed;
      await this.phases.move(transaction, { event: 'connect', by: MIRROR, data });
    });
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

  /** @returns why it may be left at the primary; undefined where it is gone. */
  private async withdrawWebhook(row: ConnectionRow, signal: AbortSignal): Promise<string | undefined> {
    const { webhooks } = this.connection.primary;
    if (!webhooks || row.hookUrl === null) return undefined;
    try {
      const credential = this.connection.open(row);
      if (!credential) return 'There is no credential left to withdraw it with.';
      // By its URL: whoever died while it was made does not know its id.
      const what = { credential, url: row.hookUrl };
      for (let hook = await webhooks.find(what, signal); hook; hook = await webhooks.find(what, signal))
        await webhooks.remove({ credential, id: hook.id }, signal);
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
