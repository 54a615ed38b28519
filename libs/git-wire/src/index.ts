export {
  readAdvertisement,
  writeAdvertisement,
  writeServiceHeader,
  type Advertisement,
  type AdvertisementOptions,
} from './advertisement.js';
export {
  readCapabilityAdvertisement,
  writeCapabilityAdvertisement,
  type CapabilityAdvertisement,
} from './capabilities.js';
export { readCommandRequest, writeCommandRequest, type CommandRequest } from './command-request.js';
export { readErrorPacket, writeErrorPacket } from './error-packet.js';
export { readFetchRequest, writeFetchArgs } from './fetch-request.js';
export {
  lsRefsKey,
  readLsRefsAnswer,
  readLsRefsRequest,
  writeLsRefsAnswer,
  writeLsRefsArgs,
  type LsRefsAnswer,
  type LsRefsLine,
  type LsRefsRequest,
} from './ls-refs.js';
export { PacketReader, readPacketStream } from './packet-reader.js';
export {
  DELIM,
  FLUSH,
  LARGEST_PACKET,
  LARGEST_PAYLOAD,
  packetText,
  readPacket,
  readPackets,
  RESPONSE_END,
  writePacket,
  type FoundPacket,
  type Marker,
  type Packet,
} from './pkt-line.js';
export { readProtocolVersion, writeProtocolVersion, type ProtocolVersion } from './protocol-version.js';
export { PushReportReader, type PushExpectation } from './push-report.js';
export { PushRequestReader, type PushPhase } from './push-request.js';
export { type AdvertisedRef, type RefSet } from './refs.js';
export { readSideBand, writeSideBand, type Band } from './side-band.js';
export { type UploadPackPlan } from './upload-pack-plan.js';
export { readUploadPackRequest, writeUploadPackRequest } from './upload-pack-request.js';
