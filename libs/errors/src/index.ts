export { AntipodeError, isAntipodeError, toAntipodeError } from './antipode-error.js';
export { CODES, isCode, isRefusal, retryable, type Code } from './codes.js';
