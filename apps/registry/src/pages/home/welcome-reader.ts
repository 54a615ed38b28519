import { Injectable } from '@nestjs/common';
import { Progress } from '../../events/progress.js';
import type { Sight, Viewer } from '../../people/viewer.js';
import { Viewers } from '../../people/viewers.js';
import { MirroredRepositories } from '../../repositories/mirrored-repositories.js';
import { Mirrors } from '../../siblings/mirrors.js';
import type { ConnectionSummary, WelcomeView } from './home-view.js';

const SHOWN_REPOSITORIES = 20;
const NOTHING: Sight = { all: false, ids: new Set() };

type Seen = Omit<WelcomeView, keyof ConnectionSummary>;

/** What everybody else sees: what they can clone. */
@Injectable()
export class WelcomeReader {
  constructor(
    private readonly mirrors: Mirrors,
    private readonly progress: Progress,
    private readonly repositories: MirroredRepositories,
    private readonly viewers: Viewers,
  ) {}

  async read(viewer: Viewer): Promise<Seen> {
    const sight = await this.viewers.sightOf(viewer);
    const [overall, page] = await Promise.all([
      this.progress.read(sight),
      this.repositories.page({ sort: 'path', limit: SHOWN_REPOSITORIES }, sight),
    ]);
    return { overall, repositories: page.values, mirrors: this.mirrors.list(viewer) };
  }

  /** While the mirror is being disconnected, nothing can be cloned. */
  async nothing(viewer: Viewer): Promise<Seen> {
    return {
      overall: await this.progress.read(NOTHING),
      repositories: [],
      mirrors: this.mirrors.list(viewer),
    };
  }
}
