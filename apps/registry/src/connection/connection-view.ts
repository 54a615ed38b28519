import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { CONFIG, webhookBase, type RegistryConfig } from '../config.js';
import type { connectionSchema } from '../rest/schemas.js';
import { isRefusedWith } from '../webhooks/pause-after.js';
import { isLiving, type ConnectionPhase } from './connection-phase.js';
import { ConnectionService } from './connection.service.js';
import type { ConnectionRow } from './connection.store.js';

export type ConnectionAnswer = z.infer<typeof connectionSchema>;

/** The tie to the primary in words for people. */
@Injectable()
export class ConnectionView {
  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    private readonly connection: ConnectionService,
  ) {}

  describe(row: ConnectionRow): Omit<ConnectionAnswer, 'webhook'> & {
    readonly webhook: Omit<ConnectionAnswer['webhook'], 'lastDeliveryAt'>;
  } {
    const { primary } = this.connection;
    const state = this.state(row);
    return {
      state,
      since: row.phaseSince.toISOString(),
      ...this.advise(state, row),
      primary: { kind: primary.kind, name: primary.displayName },
      managedBy: this.connection.isBySettings ? 'settings' : row.managedBy,
      workspace: this.workspace(state, row),
      account: this.account(row),
      scopes: row.scopes.length > 0 ? row.scopes : null,
      lacks: this.lacks(row),
      checkedAt: row.checkedAt?.toISOString() ?? null,
      error: row.errorCode === null ? null : { code: row.errorCode, message: row.error ?? '' },
      keptData: this.keptData(row),
      webhook: this.webhook(row),
    };
  }

  private state(row: ConnectionRow): ConnectionPhase {
    // A primary that lists nothing is not asked before the first repository is.
    if (!this.connection.primary.discovery) return 'connected';
    // In the first moments after a start with new settings.
    if (this.connection.isBySettings && !this.isAdopted(row)) return 'connecting';
    return row.phase;
  }

  private isAdopted({ phase, workspace }: ConnectionRow): boolean {
    return isLiving(phase) && workspace === this.connection.settingsWorkspace;
  }

  /** The settings name another workspace than the one whose data is here. */
  private isOther({ workspace }: ConnectionRow): boolean {
    const { isBySettings, settingsWorkspace } = this.connection;
    return isBySettings && workspace !== null && workspace !== settingsWorkspace;
  }

  private workspace(state: ConnectionPhase, row: ConnectionRow): string | null {
    if (this.connection.isBySettings) return this.connection.settingsWorkspace ?? null;
    return state === 'unconnected' ? null : row.workspace;
  }

  private account(row: ConnectionRow): ConnectionAnswer['account'] {
    const lent = this.connection.isBySettings ? undefined : this.connection.accountOf(row);
    return lent ? { id: lent.account, displayName: lent.displayName } : null;
  }

  /** What the primary has not granted, where it has said what it has. */
  private lacks({ scopes }: ConnectionRow): ConnectionAnswer['lacks'] {
    const needs = scopes.length > 0 ? (this.connection.primary.discovery?.judgeScopes(scopes) ?? []) : [];
    return needs
      .filter(({ missing }) => missing.length > 0)
      .map(({ missing, without }) => ({ scopes: [...missing], without: without ?? null }));
  }

  private keptData({ phase, workspace, dataUntil }: ConnectionRow): ConnectionAnswer['keptData'] {
    if (isLiving(phase) || workspace === null || !dataUntil) return null;
    return { workspace, until: dataUntil.toISOString() };
  }

  private advise(state: ConnectionPhase, row: ConnectionRow): Pick<ConnectionAnswer, 'reason' | 'nextStep'> {
    const name = this.connection.primary.displayName;
    switch (state) {
      case 'unconnected':
        return {
          reason: 'Nobody has connected this mirror to a workspace.',
          nextStep:
            'Open the mirror in a browser and connect it there; or PUT /-/api/v1/connection with {"workspace","token"}; ' +
            'or set PRIMARY_WORKSPACE and PRIMARY_TOKEN_FILE.',
        };
      case 'connecting':
        return {
          reason: row.error ?? `${name} has not answered yet.`,
          nextStep: this.isOther(row)
            ? `Check PRIMARY_WORKSPACE: what was mirrored of ${row.workspace} stays until ${name} shows this one.`
            : null,
        };
      case 'connected':
        return {
          reason: row.error,
          nextStep:
            row.error === null ? null : 'Nothing for now: it is tried again, and what is known is served on.',
        };
      case 'suspended':
        return this.adviseSuspended(row);
      case 'disconnecting':
        return {
          reason: `Reads have stopped; the webhook at ${name} is being withdrawn. ${row.error ?? ''}`.trim(),
          nextStep: 'Wait: it is tried again until it is done, for an hour at most.',
        };
    }
  }

  private adviseSuspended(row: ConnectionRow): Pick<ConnectionAnswer, 'reason' | 'nextStep'> {
    const name = this.connection.primary.displayName;
    const account = this.account(row);
    if (account) {
      const pages = `${(this.config.PUBLIC_URL ?? '').replace(/\/$/, '')}/-/`;
      return {
        reason:
          `This mirror lives by the linked account of ${account.displayName}, which no longer opens ${row.workspace}. ${row.error ?? ''}`.trim(),
        nextStep: `An administrator of ${row.workspace} opens ${pages}, signs in and connects it again: nothing is lost.`,
      };
    }
    return {
      reason: `${name} refuses this mirror's credential. ${row.error ?? ''}`.trim(),
      nextStep: this.connection.isBySettings
        ? 'Put a valid token into the file that PRIMARY_TOKEN_FILE names; it is read anew, and the mirror goes on by itself.'
        : 'PUT /-/api/v1/connection with the same workspace and a valid token; or restore the old one, and the mirror goes on by itself.',
    };
  }

  private webhook(row: ConnectionRow): Omit<ConnectionAnswer['webhook'], 'lastDeliveryAt'> {
    // A look that nobody answered says nothing of the webhook.
    const isThere =
      row.hookPrimaryId !== null && (row.hookErrorCode === null || !isRefusedWith(row.hookErrorCode));
    if (isThere && row.hookDisabled) {
      const reason = `Somebody has switched it off at ${this.connection.primary.displayName}; it is left as it is, and changes are found by the sweep alone.`;
      return { state: 'disabled', reason, url: row.hookUrl };
    }
    return isThere
      ? { state: 'active', reason: row.hookErrorCode && row.hookError, url: row.hookUrl }
      : { state: 'polling', reason: this.whyPolling(row), url: null };
  }

  private whyPolling(row: ConnectionRow): string {
    if (!this.connection.primary.webhooks) return `${this.connection.primary.displayName} sends no webhooks.`;
    if (webhookBase(this.config) === undefined) return 'Neither WEBHOOK_URL nor PUBLIC_URL is set.';
    return row.hookError ?? 'The webhook has not been created yet.';
  }
}
