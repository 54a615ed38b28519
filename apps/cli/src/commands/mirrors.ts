import type { MirrorClient } from '../mirror/mirror-client.js';
import type { KnownMirror } from '../mirror/shapes.js';
import type { Answer } from '../screen/answer.js';
import { table, type Paper } from '../screen/paper.js';
import { formatAgo } from '../screen/words.js';

/** `mirrors`: the mirrors of the workspace that this one knows, itself first. */
export async function listMirrors(client: MirrorClient, now = Date.now()): Promise<Answer> {
  const mirrors = await client.mirrors();
  return {
    json: { mirrors },
    text: (paper) =>
      table(
        paper,
        ['MIRROR', 'REGION', 'STATE', 'ASKED', 'URL'],
        mirrors.map((one) => rowOf(paper, one, now)),
        4,
      ),
  };
}

const rowOf = (
  { colours }: Paper,
  { name, region, state, self, checkedAt, url }: KnownMirror,
  now: number,
): string[] => [
  self ? `${name} (this one)` : name,
  region ?? '-',
  state === 'available' ? colours.green(state) : colours.red(state),
  checkedAt === null ? '-' : formatAgo(checkedAt, now),
  url ?? '-',
];
