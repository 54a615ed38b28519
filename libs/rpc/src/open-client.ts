import type { ChannelCredentials, Client, ClientOptions } from '@grpc/grpc-js';
import { channelCredentials, type RpcConfig } from './credentials.js';

export type RpcClient<C extends Client> = C;

/** A client to a neighbour. It connects when first used, and again by itself whenever the neighbour comes back. */
export function openClient<C extends Client>(
  constructor: new (address: string, credentials: ChannelCredentials, options?: Partial<ClientOptions>) => C,
  address: string,
  config: RpcConfig = {},
): RpcClient<C> {
  return new constructor(address, channelCredentials(config), {
    'grpc.keepalive_time_ms': 20_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.keepalive_permit_without_calls': 1,
    // A restarted neighbour is met within a second, not after gRPC's two minutes.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.min_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
  });
}
