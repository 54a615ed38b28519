export { createPrimary } from './create-primary.js';
export { decodeUrlPath } from './decode-url-path.js';
export { judgeRefusal } from './git-oracle/judge-refusal.js';
export type { AccessKey, AccessKeys } from './access-keys.js';
export type { LfsQuestion, PrimaryLfs } from './lfs/primary-lfs.js';
export type { AccountKey, AuthorizeUrl, ExchangeCode, Grant, OAuth, PrimaryAccount } from './oauth.js';
export type { Membership, People, WorkspaceRole } from './people.js';
export { readConnectionCredential } from './read-connection-credential.js';
export { primarySettings, type PrimaryConfig } from './settings.js';
export type {
  AccessQuestion,
  ConnectionCredential,
  CredentialFacts,
  Discovery,
  EnsureWebhook,
  FoundWebhook,
  ListRepositories,
  Primary,
  PrimaryProject,
  PrimaryRepository,
  ScopeNeed,
  Verdict,
  WebhookEvent,
  Webhooks,
} from './primary.js';
