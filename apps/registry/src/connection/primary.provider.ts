import { createPrimary, type Primary } from '@antipode/primary';
import { CONFIG, type RegistryConfig } from '../config.js';

/** Injection token of the primary's adapter. */
export const PRIMARY = Symbol('PRIMARY');

export const primaryProvider = {
  provide: PRIMARY,
  inject: [CONFIG],
  useFactory: (config: RegistryConfig): Primary => createPrimary(config),
};
