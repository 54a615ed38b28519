/**
 * A text that somebody else wrote (a project's name, a log line) as it may be shown: what a terminal would obey instead
 * of showing becomes visible, line breaks become spaces.
 */
export const printable = (text: string): string =>
  text.replace(/[\t\r\n]+/g, ' ').replace(/\p{Cc}/gu, '\ufffd');

/** For a shell to take as one word, whatever is in it: a repository's path may hold anything on some primaries. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
