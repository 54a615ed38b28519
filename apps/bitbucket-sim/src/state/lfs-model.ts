/** A file that one person keeps for themself. */
export interface LfsLock {
  id: number;
  repositoryUuid: string;
  path: string;
  /** A user's uuid, or an access token's id. */
  ownerId: string;
  ownerName: string;
  lockedAt: string;
}
