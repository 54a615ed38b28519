import type { ConnectionAnswer } from '../../connection/connection-view.js';
import type { Viewer } from '../../people/viewer.js';
import type { StatusAnswer } from '../../rest/mirror-status.js';
import type { RepositoryRow } from '../repositories/repository-row.js';

/** A mirror of the workspace: this one, or a sibling. */
export interface MirrorView {
  readonly name: string;
  readonly region: string | null;
  readonly url: string | null;
  readonly sshUrl: string | null;
  readonly state: 'available' | 'unreachable';
  readonly checkedAt: string | null;
}

/** How far the whole mirror has come, of what the viewer sees. */
export interface OverallView {
  readonly discovering: boolean;
  readonly repositories: { readonly total: number; readonly synced: number; readonly failing: number };
  readonly percent: number;
  readonly receivedBytes: number;
}

export interface ConnectionSummary {
  readonly viewer: Viewer;
  readonly csrf: string;
  readonly connection: Omit<ConnectionAnswer, 'webhook'>;
}

/** What an administrator sees at a glance. */
export interface OverviewView extends ConnectionSummary {
  readonly webhook: ConnectionAnswer['webhook'];
  readonly selection: StatusAnswer['selection'];
  readonly overall: OverallView;
  readonly byPhase: Readonly<Record<string, number>>;
  /** Seconds since the ready repositories were last known to equal the primary; null while there is none. */
  readonly lag: { readonly p50: number; readonly p95: number; readonly max: number } | null;
  readonly sweptAt: string | null;
  readonly nodes: readonly { readonly name: string; readonly seenAt: string }[];
  readonly mirrors: readonly MirrorView[];
  readonly suspended: {
    readonly count: number;
    readonly since: string;
    readonly paths: readonly string[];
  } | null;
  /** Parts of the mirror that do not answer, by name. */
  readonly away: readonly string[];
}

/** What everybody else sees: what they can clone. */
export interface WelcomeView extends ConnectionSummary {
  readonly overall: OverallView;
  readonly repositories: readonly RepositoryRow[];
  readonly mirrors: readonly MirrorView[];
}
