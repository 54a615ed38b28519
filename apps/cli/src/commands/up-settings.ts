import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { HIGHEST_PORT_BASE } from '../house/ports.js';
import { UNCONNECTED } from '../parts/all-parts.js';
import type { Primary } from '../parts/primary.js';
import { stoppedShort } from '../stopped-short.js';

/** The options of `antipode up`, as commander gives them. */
export interface UpOptions {
  readonly data: string;
  readonly portBase: number;
  readonly demo: boolean;
  readonly detach?: true;
  readonly json?: true;
  /** Whoever runs it connects it later. */
  readonly unconnected?: true;
  readonly primary?: PrimaryOption;
  readonly workspace?: string;
  readonly tokenFile?: string;
  readonly onDemand?: true;
  readonly repositories?: string[];
}

export interface PrimaryOption {
  readonly kind: Primary['kind'];
  readonly url: string;
}

export function parsePortBase(text: string): number {
  const base = Number(text);
  if (Number.isInteger(base) && base >= 1024 && base <= HIGHEST_PORT_BASE) return base;
  throw new InvalidArgumentError(`It must be a whole number from 1024 to ${HIGHEST_PORT_BASE}.`);
}

/** "git-http=http://127.0.0.1:9000" */
export function parsePrimary(text: string): PrimaryOption {
  const [, kind, url] = /^(bitbucket-cloud|git-http)=(https?:\/\/.+)$/.exec(text) ?? [];
  if (kind === undefined || url === undefined || !URL.canParse(url)) {
    throw new InvalidArgumentError(
      'It must be KIND=URL, where KIND is bitbucket-cloud or git-http and URL begins with http:// or https://.',
    );
  }
  // The expression lets no other kind through.
  return { kind: kind as Primary['kind'], url: url.replace(/\/+$/, '') };
}

export const parseList = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/** The primary that the options name; undefined means the simulator. */
export function primaryFrom(options: UpOptions): Primary | undefined {
  if (!options.primary) return undefined;
  const { kind, url } = options.primary;
  if (options.unconnected && kind === 'git-http')
    throw stoppedShort('invalid', 'A git-http host needs nobody to connect it: leave --unconnected out.');
  return {
    kind,
    gitUrl: url,
    ...(options.workspace === undefined ? {} : { workspace: options.workspace }),
    ...(options.tokenFile === undefined ? {} : { tokenFile: resolve(options.tokenFile) }),
    ...(options.onDemand === undefined ? {} : { onDemand: true }),
    ...(options.repositories === undefined ? {} : { repositories: options.repositories }),
    ...(options.unconnected ? UNCONNECTED : {}),
  };
}
