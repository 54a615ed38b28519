/** So many bytes at the end of an answer wait until the whole object is known to be right. */
export const HELD_BACK_BYTES = 64 * 1024;
