import type { ConnectionCredential } from '../primary.js';

/** The workspace that a credential is for. @throws AntipodeError `not_connected` where neither it nor the settings say */
export type WorkspaceOf = (credential: ConnectionCredential) => string;
