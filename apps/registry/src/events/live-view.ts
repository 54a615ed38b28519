import { Injectable } from '@nestjs/common';
import { isAdministrator, type Sight, type Viewer } from '../people/viewer.js';
import { MirrorStatus } from '../rest/mirror-status.js';
import { Progress } from './progress.js';
import { write } from './told-repository.js';

/** The mirror as a whole, as events tell of it. */
@Injectable()
export class LiveView {
  constructor(
    private readonly mirror: MirrorStatus,
    private readonly progress: Progress,
  ) {}

  /** What `/status` says to them. */
  async status(viewer: Viewer, sight: Sight): Promise<string> {
    const isAdmin = isAdministrator(viewer);
    return write('status', isAdmin ? await this.mirror.read() : await this.mirror.readFor(sight));
  }

  async progressOf(sight: Sight): Promise<string> {
    return write('progress', await this.progress.read(sight));
  }
}
