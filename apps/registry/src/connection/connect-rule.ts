import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type RegistryConfig } from '../config.js';
import { AdminSessions } from '../people/admin-sessions.js';
import { isLiving } from './connection-phase.js';
import { ConnectionService } from './connection.service.js';
import { ConnectionStore } from './connection.store.js';

/**
 * free: an administrator of the workspace may connect it. token: this browser must show the admin token first. taken: the
 * mirror is connected to another workspace, or by its settings.
 */
export type MayConnect = 'free' | 'token' | 'taken';

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

  /** @param workspace in lower case */
  async may(workspace: string, request: IncomingMessage): Promise<MayConnect> {
    const { phase, workspace: own } = await this.store.read();
    const isTaken = phase === 'disconnecting' || (isLiving(phase) && own !== workspace);
    if (this.connection.isBySettings || isTaken) return 'taken';
    const { CONNECT_WORKSPACES: free } = this.config;
    if (isLiving(phase) || free.has('*') || free.has(workspace)) return 'free';
    return (await this.sessions.isAlive(request)) ? 'free' : 'token';
  }
}
