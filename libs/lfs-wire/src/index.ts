export { isLfsMediaType, LFS_MEDIA_TYPE } from './media-type.js';
export { isLfsOid, isLfsSize, type LfsObject } from './lfs-object.js';
export { readBatchRequest, type AskedObject, type BatchRequest } from './batch-request.js';
export {
  type AnsweredObject,
  type BatchResponse,
  type LfsAction,
  type LfsActionName,
  type LfsError,
  type LfsObjectError,
} from './batch-response.js';
export { readBatchResponse } from './read-batch-response.js';
export { LONGEST_POINTER, readPointer, writePointer } from './pointer.js';
export { tellsCredential } from './tells-credential.js';
export {
  openTicketKey,
  readTicket,
  TICKET_PATH,
  writeTicket,
  type Ticket,
  type TicketAction,
} from './ticket.js';
