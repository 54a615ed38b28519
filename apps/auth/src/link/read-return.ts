const LONGEST = 512;
/** Visible ASCII without the backslash, which browsers read as a slash. */
const BELOW_OURS = /^\/-\/[!-[\]-~]*$/;

/**
 * A page of ours to go back to; undefined for every other address, so that no link of ours leads to somebody else's
 * page.
 *
 * @param text from a form or a query
 */
export function readReturn(text: string | null): string | undefined {
  if (text === null || text.length > LONGEST || !BELOW_OURS.test(text) || text.includes('//'))
    return undefined;
  const url = URL.parse(text, 'http://mirror');
  // Dots that lead out of our pages are not what any page of ours asks for.
  return url?.host === 'mirror' && url.pathname.startsWith('/-/') ? text : undefined;
}
