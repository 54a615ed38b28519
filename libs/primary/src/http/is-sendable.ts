const LONGEST_AUTHORIZATION = 16 * 1024;
// What may stand in a header's value (RFC 9110): anything else could start a header of its own.
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]+$/;

/** True where an Authorization header can carry it. */
export const isSendable = (text: string): boolean =>
  text.length <= LONGEST_AUTHORIZATION && HEADER_VALUE.test(text);
