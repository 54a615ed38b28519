import { auth } from '@antipode/contracts';
import { openClient } from '@antipode/rpc';
import { CONFIG, type RegistryConfig } from '../config.js';

/** Injection token of the client to auth. */
export const AUTH = Symbol('AUTH');

export const authProvider = {
  provide: AUTH,
  inject: [CONFIG],
  useFactory: (config: RegistryConfig): auth.AuthServiceClient =>
    openClient(auth.AuthServiceClient, config.AUTH_GRPC, config),
};
