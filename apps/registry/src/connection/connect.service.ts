import { Injectable } from '@nestjs/common';
import { AntipodeError, isAntipodeError } from '@antipode/errors';
import type { ConnectionCredential, CredentialFacts } from '@antipode/primary';
import type { Initiator } from '../audit/initiator.js';
import { DiscoveryService } from '../discovery/discovery.service.js';
import { isLiving } from './connection-phase.js';
import { requireLeave, type Leave } from './connect-rule.js';
import { ConnectionPhases } from './connection-phases.js';
import { ConnectionService } from './connection.service.js';
import { ConnectionStore, type ConnectionRow } from './connection.store.js';
import { FORGOTTEN, MirroredData } from './mirrored-data.js';
import { isLent, type Given } from './sealed-credential.js';

/** Who connects, and how far they may go. */
export interface Asker {
  readonly by: Initiator;
  readonly leave: Leave;
}

/** Connects and disconnects the mirror when an admin says so. What takes time is `ConnectionLife`'s. */
@Injectable()
export class ConnectService {
  constructor(
    private readonly connection: ConnectionService,
    private readonly data: MirroredData,
    private readonly discovery: DiscoveryService,
    private readonly phases: ConnectionPhases,
    private readonly store: ConnectionStore,
  ) {}

  /**
   * Connects, or replaces the credential of the same workspace. The primary is asked first: nothing is kept of a
   * credential that it does not take. What was mirrored of the same workspace comes back; of another one, it is deleted.
   *
   * @throws AntipodeError `unauthenticated` for an account that is not linked; `conflict` for a connection by
   *   configuration, or to another workspace; `denied` where the leave is not enough; `invalid`, `not_found` for what the
   *   primary does not take; `primary_*`.
   */
  async connect(workspace: string, given: Given, { by, leave }: Asker): Promise<void> {
    this.checkManaged();
    requireLeave(await this.store.read(), workspace, leave);
    const { scopes = [], workspaceId } = await this.inspect(await this.connection.resolve(given, workspace));
    await this.data.change(async (transaction) => {
      const row = await this.store.lock(transaction);
      // The connection may have ended while the primary was asked, and with it what it allowed.
      requireLeave(row, workspace, leave);
      const isSame = row.workspace === workspace && isSameId(row, workspaceId);
      if (isLiving(row.phase) && !isSame) throw another(workspace);
      if (row.workspace !== null && !isSame) await this.data.delete(transaction, by);
      await this.phases.move(transaction, {
        event: 'connect',
        by,
        told: isLent(given) ? { account: `${given.displayName} (${given.account})` } : {},
        data: {
          ...FORGOTTEN,
          managedBy: 'api',
          workspace,
          workspaceId: workspaceId ?? null,
          credential: this.connection.seal(given),
          scopes: [...scopes],
          dataUntil: null,
          ...(isSame ? keptHook(row) : {}),
        },
      });
    });
    this.discovery.sweepSoon('full');
  }

  /**
   * Ends the connection: reads stop with the return; the webhook is withdrawn and the credential wiped soon after, the
   * mirrored data's rows after `GRACE_HOURS`, or with `now` at once. Asking again is harmless.
   *
   * @throws AntipodeError `conflict` for a connection by configuration.
   */
  async disconnect(data: 'kept' | 'now', by: Initiator): Promise<void> {
    this.checkManaged();
    const dataUntil = this.connection.dataUntil(data);
    await this.data.change(async (transaction) => {
      const step = {
        event: 'disconnect',
        by,
        data: { dataUntil },
        told: { dataUntil: dataUntil.toISOString() },
      } as const;
      if (await this.phases.move(transaction, step)) {
        await this.data.hide(transaction);
      } else if (data === 'now' && (await this.store.read(transaction)).workspace !== null) {
        await this.store.update({ dataUntil }, transaction);
      }
    });
    this.discovery.sweepSoon('full');
  }

  private checkManaged(): void {
    if (!this.connection.isBySettings) return;
    throw new AntipodeError(
      'conflict',
      'changing the connection',
      {},
      {
        hint: 'This connection comes from the settings (PRIMARY_KIND, PRIMARY_WORKSPACE, PRIMARY_TOKEN_FILE). Change them there.',
      },
    );
  }

  /** A refusal of the credential in the body is no refusal of the caller. */
  private async inspect(credential: ConnectionCredential): Promise<CredentialFacts> {
    const { primary } = this.connection;
    try {
      const facts = await primary.discovery?.inspect(credential);
      if (facts?.projects === 'some') return facts;
      throw new AntipodeError('not_found', 'checking a credential');
    } catch (error) {
      if (!isAntipodeError(error)) throw error;
      const say = (code: 'invalid' | 'not_found', what: string): AntipodeError =>
        new AntipodeError(code, 'checking a credential', {}, { cause: error, hint: what });
      const words = error.hint === undefined ? '' : ` ${error.hint}`;
      if (error.code === 'unauthenticated')
        throw say('invalid', `${primary.displayName} does not take this credential.`);
      if (error.code === 'denied')
        throw say(
          'invalid',
          `This credential may not read the workspace's projects and repositories.${words}`,
        );
      if (error.code === 'not_found')
        throw say(
          'not_found',
          `${primary.displayName} shows this credential no such workspace, or no project in it.`,
        );
      throw error;
    }
  }
}

/** One whose id is not known yet is taken at its name. */
const isSameId = (row: ConnectionRow, workspaceId: string | undefined): boolean =>
  row.workspaceId === null || row.workspaceId === workspaceId;

const another = (workspace: string): AntipodeError =>
  new AntipodeError(
    'conflict',
    'connecting',
    {},
    {
      hint:
        `The workspace ${workspace} is another one than this mirror is connected to, which had that name. ` +
        'Disconnect it first (DELETE), then connect it to this one.',
    },
  );

/** The same workspace keeps its webhook's name and secret; it is looked at anew. */
const keptHook = ({ hookId, hookUrl, hookSecret, sweptAt }: ConnectionRow) => ({
  hookId,
  hookUrl,
  hookSecret,
  sweptAt,
});
