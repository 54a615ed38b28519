import type { AuthConfig } from '../config.js';

/** Path of the link page below the mirror's base URL; the edge's door hands on whatever begins with it. */
export const LINK_PATH = '/-/link';

/** The link page as people open it; undefined where the mirror does not know its own address. */
export const linkPage = ({ PUBLIC_URL }: Pick<AuthConfig, 'PUBLIC_URL'>): string | undefined =>
  PUBLIC_URL === undefined ? undefined : `${PUBLIC_URL.replace(/\/+$/, '')}${LINK_PATH}`;
