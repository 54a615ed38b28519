import type { LfsConfig } from '../config.js';

/** By which name the tables know the place where this process keeps objects: nodes that share it share its rows. */
export const storeName = (config: LfsConfig): string => config.ANTIPODE_NODE;
