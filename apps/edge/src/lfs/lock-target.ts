/** What git-lfs asks a list of locks by. */
const FILTERS = ['path', 'id', 'cursor', 'limit', 'refspec'] as const;
const LONGEST_FILTER = 4096;
const LONGEST_ID = 200;

/**
 * Where a question about locks goes below the primary's "info/lfs/", with nothing in it that could lead elsewhere;
 * undefined where it names no lock.
 *
 * @param rest "locks", "locks/verify", "locks/{id}/unlock" as the client wrote it
 */
export function lockTarget(rest: string, query: string): string | undefined {
  if (rest === 'locks') return withFilters(query);
  if (rest === 'locks/verify') return rest;
  const id = decode(rest.split('/')[1] ?? '');
  if (id === undefined || id.length > LONGEST_ID || !/^[\x21-\x7e]+$/.test(id)) return undefined;
  // Dots are steps, even percent-encoded ones (WHATWG URL); and no server's id is a path.
  if (/^\.{1,2}$/.test(id) || /[/\\]/.test(id)) return undefined;
  return `locks/${encodeURIComponent(id)}/unlock`;
}

function withFilters(query: string): string {
  const asked = new URLSearchParams(query);
  const kept = new URLSearchParams();
  for (const name of FILTERS) {
    const value = asked.get(name);
    if (value !== null && value !== '') kept.set(name, value.slice(0, LONGEST_FILTER));
  }
  return kept.size > 0 ? `locks?${kept.toString()}` : 'locks';
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
