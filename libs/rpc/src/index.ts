export { callUnary, type CallSettings } from './call-unary.js';
export { channelCredentials, rpcSettings, serverCredentials, type RpcConfig } from './credentials.js';
export { followStream, type StreamSettings } from './follow-stream.js';
export { openClient, type RpcClient } from './open-client.js';
export { answerStream, answerUnary, type CallContext } from './answer.js';
export { RepositoryTable, type KnownConnection, type RepositoryTableOptions } from './repository-table.js';
export { RpcServer } from './rpc-server.js';
export { readStatus, writeStatus } from './status.js';
