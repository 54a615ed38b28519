/** One ref that moved; null is "was not there" or "is gone". */
export interface RefUpdate {
  readonly ref: string;
  readonly old: string | null;
  readonly new: string | null;
}

const ZERO = /^0+$/;
const oid = (text: string): string | null => (ZERO.test(text) ? null : text);

/** The lines that git gives to post-receive: `<old> <new> <ref>` (githooks(5)). */
export function readRefUpdates(text: string): RefUpdate[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [before = '', after = '', ...name] = line.split(' ');
      return { ref: name.join(' '), old: oid(before), new: oid(after) };
    });
}
