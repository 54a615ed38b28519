import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { isMember, type Viewer } from '../people/viewer.js';
import { Siblings } from './siblings.js';
import type { mirrorsSchema } from './siblings-schemas.js';
import { mirrorId, ThisMirror } from './this-mirror.js';

export type ListedMirror = z.infer<typeof mirrorsSchema>['values'][number];

/** The mirrors that somebody may choose from. */
@Injectable()
export class Mirrors {
  constructor(
    private readonly siblings: Siblings,
    private readonly self: ThisMirror,
  ) {}

  /** This one first; where the others are is for members only. */
  list(viewer: Viewer): ListedMirror[] {
    return isMember(viewer) ? [this.own(), ...this.others()] : [this.own()];
  }

  private own(): ListedMirror {
    const { id, name, region, url, sshUrl } = this.self;
    const checkedAt = new Date().toISOString();
    return { id, name, region, url, sshUrl, self: true, state: 'available', checkedAt };
  }

  private others(): ListedMirror[] {
    // The same file may serve all of them.
    const siblings = this.siblings.list().filter(({ url }) => url !== this.self.url);
    return siblings.map(({ checkedAt, ...sibling }) => ({
      id: mirrorId(sibling.url),
      ...sibling,
      self: false,
      checkedAt: checkedAt?.toISOString() ?? null,
    }));
  }
}
