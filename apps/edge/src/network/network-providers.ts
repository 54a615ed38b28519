import type { Provider } from '@nestjs/common';
import type { EdgeConfig } from '../config.js';
import { Networks } from './networks.js';

export const networkProvider = (config: EdgeConfig): Provider => ({
  provide: Networks,
  useFactory: () =>
    new Networks({
      everything: { allow: config.ALLOW_NETWORKS, deny: config.DENY_NETWORKS },
      publicReads: { allow: config.PUBLIC_ALLOW_NETWORKS, deny: config.PUBLIC_DENY_NETWORKS },
    }),
});

/** Whether this door's connections begin with a PROXY header. */
export const isProxied = (door: 'http' | 'ssh', { PROXY_PROTOCOL: doors }: EdgeConfig): boolean =>
  doors === 'both' || doors === door;
