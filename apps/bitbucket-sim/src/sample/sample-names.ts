/** Names that the sample and those who look for it share. */
export const SAMPLE = {
  workspace: 'acme',
  mirrorToken: 'Antipode mirror',
  consumer: 'Antipode',
} as const;

/** What somebody who works with repositories may ask for. */
export const DEVELOPER_SCOPES: readonly string[] = [
  'read:user',
  'read:workspace',
  'read:project',
  'read:repository',
  'write:repository',
  'read:ssh-key',
  'write:ssh-key',
  'delete:ssh-key',
];
