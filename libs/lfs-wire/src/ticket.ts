import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { AntipodeError } from '@antipode/errors';
import { isLfsOid, isLfsSize, type LfsObject } from './lfs-object.js';

/** What a ticket lets its bearer do: one thing, with one object of one repository, for a while. */
export interface Ticket extends LfsObject {
  readonly action: TicketAction;
  /** The repository's id, a UUID. */
  readonly repositoryId: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

export type TicketAction = 'download' | 'upload' | 'verify';

/** Below this every link of ours begins; the rest is read by `readTicket` alone. */
export const TICKET_PATH = '/-/lfs/';

/** The key of tickets: nothing else that is made with the house's secret can be taken for one. */
export const openTicketKey = (secretKeyHex: string): KeyObject =>
  createSecretKey(
    createHmac('sha256', Buffer.from(secretKeyHex, 'hex')).update('antipode lfs ticket').digest(),
  );

/** The path and query of a link that carries a ticket: "/-/lfs/download/<repository>/<oid>?size=…&expires=…&ticket=…". */
export function writeTicket(ticket: Ticket, key: KeyObject): string {
  const { action, repositoryId, oid, size, expiresAt } = ticket;
  const signature = sign(ticket, key).toString('base64url');
  return `${TICKET_PATH}${action}/${repositoryId}/${oid}?size=${size}&expires=${expiresAt}&ticket=${signature}`;
}

/**
 * Reads the ticket of a request's target (path and query).
 *
 * @throws AntipodeError `not_found` where it is none of ours, or was changed; `denied` where its time is over.
 */
export function readTicket(target: string, key: KeyObject, nowMs: number): Ticket {
  const found = FORM.exec(target)?.groups;
  if (!found) throw noTicket();
  const { action, repositoryId = '', oid = '', signature = '' } = found;
  const ticket = {
    action: action as TicketAction,
    repositoryId,
    oid,
    size: Number(found['size']),
    expiresAt: Number(found['expires']),
  };
  if (!isLfsOid(oid) || !isLfsSize(ticket.size)) throw noTicket();
  if (!timingSafeEqual(sign(ticket, key), Buffer.from(signature, 'base64url'))) throw noTicket();
  if (ticket.expiresAt * 1000 <= nowMs)
    throw new AntipodeError('denied', 'reading a ticket', {}, { hint: EXPIRED });
  return ticket;
}

// 43 characters of base64url are the 32 bytes of an HMAC-SHA256.
const FORM =
  /^\/-\/lfs\/(?<action>download|upload|verify)\/(?<repositoryId>[0-9a-f-]{36})\/(?<oid>[0-9a-f]{64})\?size=(?<size>\d{1,16})&expires=(?<expires>\d{1,12})&ticket=(?<signature>[A-Za-z0-9_-]{43})$/;

const EXPIRED = 'This link to an LFS object has expired. Ask for it again: git lfs pull, or git lfs push.';

const sign = ({ action, repositoryId, oid, size, expiresAt }: Ticket, key: KeyObject): Buffer =>
  createHmac('sha256', key).update(`${action}\0${repositoryId}\0${oid}\0${size}\0${expiresAt}`).digest();

const noTicket = (): AntipodeError => new AntipodeError('not_found', 'reading a ticket');
