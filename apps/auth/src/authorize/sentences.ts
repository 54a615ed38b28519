import { Inject, Injectable } from '@nestjs/common';
import type { Primary } from '@antipode/primary';
import { CONFIG, type AuthConfig } from '../config.js';
import { linkPage } from '../link/link-url.js';
import { PRIMARY } from './primary.token.js';

/** What people at a terminal are told, where the primary has no words of its own. */
@Injectable()
export class Sentences {
  constructor(
    @Inject(CONFIG) private readonly config: AuthConfig,
    @Inject(PRIMARY) private readonly primary: Primary,
  ) {}

  /** For those who see that the mirror's connection is suspended. */
  lenderGone(): string {
    return `The account of ${this.primary.displayName} that the mirror is connected with is no longer linked. An administrator of the workspace has to sign in and connect again.`;
  }

  relink(): string {
    const page = linkPage(this.config);
    const where = page === undefined ? 'Ask the people who run the mirror.' : `Please link it again: ${page}`;
    return `Your account of ${this.primary.displayName} is no longer linked to this mirror. ${where}`;
  }
}
