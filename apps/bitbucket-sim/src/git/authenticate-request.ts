import type { IncomingMessage } from 'node:http';
import { authenticateGit, mayIgnoreBadCredential } from '../access/authenticate.js';
import type { Principal } from '../access/principal.js';
import type { Simulator } from '../simulator.js';
import { findRepository } from '../state/lookup.js';
import { Refused, TEXT } from './refused.js';

/** Who asks for something of a repository over HTTPS. @throws Refused (401) */
export function authenticateRequest(
  { store: { state } }: Simulator,
  req: IncomingMessage,
  { workspace, slug }: { readonly workspace: string; readonly slug: string },
): Principal {
  const address = req.socket.remoteAddress ?? '';
  const principal = authenticateGit(state, req.headers.authorization, address);
  if (principal) return principal;
  const isPublic = findRepository(state, workspace, slug)?.isPrivate === false;
  if (isPublic && mayIgnoreBadCredential(state.settings)) return { kind: 'anonymous', address };
  throw new Refused(401, TEXT.unauthenticated);
}
