const LONGEST = 500;

/** Somebody else's words for somebody's terminal: one line, no control characters, not for ever. */
export const oneLine = (text: string): string =>
  text
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST);
