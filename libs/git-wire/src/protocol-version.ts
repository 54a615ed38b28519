/** The versions of git's protocol that exist. gitprotocol-v2(5). */
export type ProtocolVersion = 0 | 1 | 2;

/**
 * Reads `Git-Protocol` (HTTP) or `GIT_PROTOCOL` (SSH): colon separated keys, of which the highest known
 * "version=N" counts. Absent, empty or unknown means 0: proxies drop headers that they do not know.
 */
export function readProtocolVersion(text: string | undefined): ProtocolVersion {
  let version: ProtocolVersion = 0;
  for (const key of (text ?? '').split(':')) {
    if (key === 'version=2') version = 2;
    else if (key === 'version=1' && version === 0) version = 1;
  }
  return version;
}

export const writeProtocolVersion = (version: ProtocolVersion): string => `version=${version}`;
