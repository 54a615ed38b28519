import { readFileSync } from 'node:fs';
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { z } from 'zod';

/** Settings of services that speak gRPC. Without the three files the wire is plain: loopback and tests only. */
export const rpcSettings = {
  GRPC_TLS_CA_FILE: z.string().optional(),
  GRPC_TLS_CERT_FILE: z.string().optional(),
  GRPC_TLS_KEY_FILE: z.string().optional(),
};

export type RpcConfig = z.infer<z.ZodObject<typeof rpcSettings>>;

interface Identity {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Mutual TLS where it is configured: each side shows a certificate of the cluster's own authority. */
function identity(config: RpcConfig): Identity | undefined {
  const { GRPC_TLS_CA_FILE: ca, GRPC_TLS_CERT_FILE: cert, GRPC_TLS_KEY_FILE: key } = config;
  if (!ca && !cert && !key) return undefined;
  if (!ca || !cert || !key)
    throw new Error('GRPC_TLS_CA_FILE, GRPC_TLS_CERT_FILE and GRPC_TLS_KEY_FILE go together');
  return { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) };
}

export function serverCredentials(config: RpcConfig): ServerCredentials {
  const own = identity(config);
  if (!own) return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(own.ca, [{ cert_chain: own.cert, private_key: own.key }], true);
}

export function channelCredentials(config: RpcConfig): ChannelCredentials {
  const own = identity(config);
  return own ? ChannelCredentials.createSsl(own.ca, own.key, own.cert) : ChannelCredentials.createInsecure();
}
