/** Names that the sample and those who look for it share. */
export const SAMPLE = {
  workspace: 'acme',
  mirrorToken: 'Antipode mirror',
} as const;
