import type { Faults } from './faults/faults.js';
import type { PerRepository } from './git/per-repository.js';
import type { PushLog } from './git/push-log.js';
import type { Pushes } from './git/pushes.js';
import type { RepositoryDisk } from './git/repository-disk.js';
import type { EventSource } from './hooks/event-source.js';
import type { Webhooks } from './hooks/webhooks.js';
import type { Counters } from './http/counters.js';
import type { LfsDisk } from './lfs/lfs-disk.js';
import type { LfsTokens } from './lfs/lfs-tokens.js';
import type { MediaHost } from './lfs/media-host.js';
import type { LiveStreams } from './git/live-streams.js';
import type { RateLimits } from './http/rate-limits.js';
import type { SshAddress } from './ssh/ssh-door.js';
import type { StateStore } from './state/state.store.js';

/** The parts of one running simulator, as its three doors (REST, git, control) see them. */
export interface Simulator {
  readonly store: StateStore;
  readonly disk: RepositoryDisk;
  readonly lfsDisk: LfsDisk;
  readonly faults: Faults;
  /** The other origin, by which large files travel. */
  readonly media: MediaHost;
  readonly lfsTokens: LfsTokens;
  readonly limits: RateLimits;
  readonly counters: Counters;
  readonly webhooks: Webhooks;
  readonly events: EventSource;
  readonly pushes: Pushes;
  readonly pushLog: PushLog;
  readonly perRepository: PerRepository;
  readonly live: LiveStreams;
  readonly ssh: SshAddress;
  /** Base of what it says about itself, without a trailing slash. */
  readonly site: string;
}
