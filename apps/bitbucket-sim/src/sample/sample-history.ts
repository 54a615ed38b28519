import { FastImportStream } from './fast-import-stream.js';

export interface HistoryPlan {
  /** Seeds the made-up words. */
  readonly seed: string;
  readonly commits: number;
  readonly folders: readonly string[];
  readonly extension: string;
  readonly branches: readonly string[];
  readonly tags: readonly string[];
  /** Bytes of one large file in the first commit. */
  readonly blobBytes?: number;
  /** What main ends with. */
  readonly last?: readonly { readonly message: string; readonly files: Readonly<Record<string, string>> }[];
}

const PEOPLE = [
  'Olivia Owner <olivia@example.com>',
  'Walter Writer <walter@example.com>',
  'Rita Reader <rita@example.com>',
  'Build Bot <builds@example.com>',
];
const VERBS = [
  'Add',
  'Fix',
  'Rename',
  'Simplify',
  'Remove',
  'Document',
  'Test',
  'Speed up',
  'Cache',
  'Validate',
];
const NOUNS = [
  'checkout',
  'basket',
  'session',
  'invoice',
  'search',
  'report',
  'importer',
  'schema',
  'retry',
  'banner',
  'token',
  'query',
];
/** 2024-03-04T09:00:00Z: the sample's history starts on a Monday morning. */
const FIRST_DAY = 1_709_542_800;
const BETWEEN_SECONDS = 5_400;

/** A small deterministic generator (mulberry32): the same sample on every machine. */
function dice(seed: string): (sides: number) => number {
  let a = [...seed].reduce((hash, char) => Math.imul(hash ^ char.charCodeAt(0), 16_777_619), 2_166_136_261);
  return (sides) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  };
}

/** History with merges, branches that lag behind, lightweight and annotated tags; as a fast-import stream. */
export function sampleHistory(plan: HistoryPlan): string {
  const roll = dice(plan.seed);
  const pick = (words: readonly string[]): string => words[roll(words.length)] ?? '';
  const stream = new FastImportStream();
  const main: string[] = [];
  let at = FIRST_DAY;
  const step = (): number => (at += BETWEEN_SECONDS + roll(3_600));
  const change = (): { files: Record<string, string>; message: string } => {
    const noun = pick(NOUNS);
    const path = `${pick(plan.folders)}/${noun}.${plan.extension}`;
    const lines = Array.from(
      { length: 8 + roll(30) },
      (_, i) => `${pick(VERBS).toLowerCase()} ${pick(NOUNS)} ${i} ${roll(1_000_000)}`,
    );
    return { files: { [path]: `${lines.join('\n')}\n` }, message: `${pick(VERBS)} the ${noun}\n` };
  };
  const commit = (
    ref: string,
    from: string | undefined,
    more: { merge?: string[]; message?: string } = {},
  ): string =>
    stream.commit(ref, { author: pick(PEOPLE), at: step(), ...change(), ...(from ? { from } : {}), ...more });

  main.push(
    stream.commit('refs/heads/main', {
      author: PEOPLE[0] ?? '',
      at: step(),
      message: 'Start\n',
      files: firstFiles(plan, roll),
    }),
  );
  while (main.length < plan.commits) {
    const tip = main.at(-1);
    if (main.length % 12 === 0) {
      // A side branch that is merged and gone.
      const side = commit('refs/heads/main', tip);
      stream.branch('main', tip ?? '');
      const more = commit('refs/heads/main', tip);
      main.push(
        commit('refs/heads/main', more, { merge: [side], message: `Merge the ${pick(NOUNS)} branch\n` }),
      );
    } else {
      main.push(commit('refs/heads/main', tip));
    }
  }
  plan.tags.forEach((tag, i) => {
    const target = main[Math.floor(((i + 1) * (main.length - 1)) / plan.tags.length)] ?? '';
    if (i % 3 === 2) stream.lightweightTag(tag, target);
    else
      stream.annotatedTag(tag, target, { tagger: PEOPLE[0] ?? '', at: step(), message: `Release ${tag}\n` });
  });
  plan.branches.forEach((branch, i) => {
    const from = main[Math.max(0, main.length - 1 - i * 3)] ?? '';
    stream.branch(branch, from);
    commit(`refs/heads/${branch}`, from);
  });
  let tip = main.at(-1) ?? '';
  for (const change of plan.last ?? [])
    tip = stream.commit('refs/heads/main', { author: pick(PEOPLE), at: step(), from: tip, ...change });
  return stream.text();
}

function firstFiles(plan: HistoryPlan, roll: (sides: number) => number): Record<string, string> {
  const files: Record<string, string> = {
    'README.md': `# ${plan.seed}\n\nPart of the sample workspace of the simulated Bitbucket.\n`,
    '.gitignore': 'node_modules/\ndist/\n',
  };
  if (plan.blobBytes) {
    const rows = Math.ceil(plan.blobBytes / 32);
    files['data/measurements.csv'] = Array.from(
      { length: rows },
      (_, i) => `${i},${roll(1e9)},${roll(1e9)},${roll(1e6)}`,
    ).join('\n');
  }
  return files;
}
