export type {
  AccessQuestion,
  ConnectionCredential,
  Discovery,
  EnsureWebhook,
  ListRepositories,
  Primary,
  PrimaryProject,
  PrimaryRepository,
  Verdict,
  WebhookEvent,
  Webhooks,
} from './primary.js';
