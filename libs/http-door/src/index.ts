export { addressBlock } from './address-block.js';
export { parseRange, type AskedRange, type ByteRange } from './byte-range.js';
export { letContinue } from './let-continue.js';
export { closeAfter, lingerAndClose } from './linger.js';
