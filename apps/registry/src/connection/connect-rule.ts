import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { AntipodeError } from '@antipode/errors';
import { CONFIG, type RegistryConfig } from '../config.js';
import { AdminSessions } from '../people/admin-sessions.js';
import { isLiving } from './connection-phase.js';
import { ConnectionService } from './connection.service.js';
import { ConnectionStore, type ConnectionRow } from './connection.store.js';

/**
 * free: an administrator of the workspace may connect it. token: this browser must show the admin token first. taken: the
 * mirror is connected to another workspace, or by its settings.
 */
export type MayConnect = 'free' | 'token' | 'taken';

/**
 * How far somebody may go who administers a workspace: `anywhere`, also with a mirror that belongs to nobody; or only
 * with one that is `connected` to that workspace.
 */
export type Leave = 'anywhere' | 'connected';

/**
 * Which workspaces the mirror may be connected to by their administrators.
 *
 * While it is connected, by those of its workspace. While it is not, it belongs to nobody: by those of the workspaces in
 * CONNECT_WORKSPACES, and of any other where the browser has shown the admin token (decision 0017).
 */
@Injectable()
export class ConnectRule {
  constructor(
    @Inject(CONFIG) private readonly config: RegistryConfig,
    private readonly connection: ConnectionService,
    private readonly sessions: AdminSessions,
    private readonly store: ConnectionStore,
  ) {}

  /** For people to see, however many they are. @param workspaces in lower case */
  async may(workspaces: readonly string[], request: IncomingMessage): Promise<MayConnect[]> {
    const { phase, workspace: own } = await this.store.read();
    const hasShownToken = await this.sessions.isAlive(request);
    return workspaces.map((workspace) => {
      const isTaken = phase === 'disconnecting' || (isLiving(phase) && own !== workspace);
      if (this.connection.isBySettings || isTaken) return 'taken';
      return isLiving(phase) || hasShownToken || this.isNamed(workspace) ? 'free' : 'token';
    });
  }

  /** To be held against the connection itself, under its lock. @param workspace in lower case */
  async leave(workspace: string, request: IncomingMessage): Promise<Leave> {
    return this.isNamed(workspace) || (await this.sessions.isAlive(request)) ? 'anywhere' : 'connected';
  }

  private isNamed(workspace: string): boolean {
    const { CONNECT_WORKSPACES: named } = this.config;
    return named.has('*') || named.has(workspace);
  }
}

/**
 * @throws AntipodeError `conflict` while the mirror is connected to another workspace, or is being disconnected; `denied`
 *   while it belongs to nobody and the leave is not enough
 */
export function requireLeave({ phase, workspace }: ConnectionRow, wanted: string, leave: Leave): void {
  const refuse = (code: 'conflict' | 'denied', hint: string): AntipodeError =>
    new AntipodeError(code, 'connecting', {}, { hint });
  if (phase === 'disconnecting')
    throw refuse(
      'conflict',
      `The mirror is being disconnected from ${workspace}; connect it when that is done.`,
    );
  if (isLiving(phase) && workspace !== wanted)
    throw refuse(
      'conflict',
      `The mirror is connected to ${workspace}. Disconnect it first (DELETE), then connect it to another.`,
    );
  if (!isLiving(phase) && leave !== 'anywhere')
    throw refuse(
      'denied',
      `This mirror is not connected yet. Show its admin token once (/-/sign-in); or have the people who run it name ` +
        `${wanted} in CONNECT_WORKSPACES.`,
    );
}
