import type { Site } from '../rows/site.js';

/** What stands ready while the rows of large files are measured. */
export interface LfsSite extends Pick<Site, 'plan' | 'house' | 'generator' | 'scratch' | 'say'> {
  /** The program. */
  readonly nginx: string;
}
