/** Of a person; it logs in as them. */
export interface SshKey {
  uuid: string;
  ownerUuid: string;
  /** Type and base64, without the comment. */
  key: string;
  comment: string;
  label: string;
  /** SHA-256, base64 without padding. */
  fingerprint: string;
  createdOn: string;
  expiresOn: string | null;
  lastUsed: string | null;
}

/** "Access key": opens one repository, or those of one project, for reading. */
export interface DeployKey {
  id: number;
  subject: 'repository' | 'project';
  subjectUuid: string;
  key: string;
  comment: string;
  label: string;
  /** Bitbucket does not tell it. */
  fingerprint: string;
  createdOn: string;
  lastUsed: string | null;
}
