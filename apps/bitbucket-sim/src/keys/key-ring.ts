import { newUuid, timestamp } from '../state/identity.js';
import type { DeployKey, SshKey } from '../state/key-model.js';
import type { State, User } from '../state/model.js';
import type { KeyHolder } from '../access/principal.js';
import { readPublicKey, type PublicKey } from './public-key.js';

/** Why a key was not taken. */
export class KeyRefused extends Error {}

const INVALID = 'That SSH key is invalid.';
const TAKEN = 'Someone has already registered that SSH key.';

function readKey(line: string): PublicKey {
  const found = readPublicKey(line);
  if (!found) throw new KeyRefused(INVALID);
  return found;
}

export interface NewKey {
  /** A line as in `id_ed25519.pub`. */
  readonly publicKey: string;
  readonly label?: string;
}

/** A key belongs to at most one account, so that its fingerprint names one person. @throws KeyRefused */
export function addSshKey(state: State, owner: User, order: NewKey & { expiresOn?: string | null }): SshKey {
  const found = readKey(order.publicKey);
  const taken = [...state.sshKeys, ...state.deployKeys].some((one) => one.fingerprint === found.fingerprint);
  if (taken) throw new KeyRefused(TAKEN);
  const key: SshKey = {
    ...found,
    uuid: newUuid(),
    ownerUuid: owner.uuid,
    label: order.label ?? '',
    createdOn: timestamp(),
    expiresOn: order.expiresOn ?? null,
    lastUsed: null,
  };
  state.sshKeys.push(key);
  return key;
}

/** The same key may open several repositories, but not also be a person. @throws KeyRefused */
export function addDeployKey(
  state: State,
  subject: Pick<DeployKey, 'subject' | 'subjectUuid'>,
  order: NewKey,
): DeployKey {
  const found = readKey(order.publicKey);
  const isPerson = state.sshKeys.some((one) => one.fingerprint === found.fingerprint);
  const isThere = state.deployKeys.some(
    (one) => one.fingerprint === found.fingerprint && one.subjectUuid === subject.subjectUuid,
  );
  if (isPerson || isThere) throw new KeyRefused(TAKEN);
  state.lastId += 1;
  const key: DeployKey = {
    ...found,
    ...subject,
    id: state.lastId,
    label: order.label ?? '',
    createdOn: timestamp(),
    lastUsed: null,
  };
  state.deployKeys.push(key);
  return key;
}

/** Whose key this is, if anybody's. That a client offers it proves nothing yet. */
export function holderOf(state: State, fingerprint: string, now = new Date()): KeyHolder | undefined {
  const key = state.sshKeys.find((one) => one.fingerprint === fingerprint);
  if (key) {
    const user = state.users.find((one) => one.uuid === key.ownerUuid);
    const isExpired = key.expiresOn !== null && new Date(key.expiresOn) <= now;
    return user && !isExpired ? { kind: 'key-of-user', user, key } : undefined;
  }
  const deployKey = state.deployKeys.find((one) => one.fingerprint === fingerprint);
  return deployKey && { kind: 'deploy-key', fingerprint, key: deployKey.key };
}

/** To the minute: the state is written for it. @returns whether anything has changed */
export function noteUse(state: State, fingerprint: string): boolean {
  const now = `${timestamp().slice(0, 'YYYY-MM-DDTHH:MM'.length)}:00.000000+00:00`;
  const keys = [...state.sshKeys, ...state.deployKeys].filter((one) => one.fingerprint === fingerprint);
  const isNews = keys.some(({ lastUsed }) => lastUsed !== now);
  for (const key of keys) key.lastUsed = now;
  return isNews;
}
