import { noise, textLines } from './deterministic-bytes.js';
import { ASSETS, type Shape } from './shape.js';

const WHO = 'Bench <bench@antipode.invalid>';
/** A fixed clock: one commit per hour from here on. */
const FIRST_COMMIT_S = 1_700_000_000;
const LINES = 120;
const CHANGED_PER_COMMIT = 3;

/**
 * The history of a shape in the language of `git fast-import`. Spec: git-fast-import(1).
 *
 * Text changes line by line, so that deltas are worth while; assets are replaced whole, as binaries are.
 */
export function* historyStream(shape: Shape): Generator<Buffer> {
  const files = Array.from({ length: shape.textFiles }, (_, i) => textLines(`file ${i}`, LINES));
  for (let commit = 0; commit < shape.commits; commit += 1) yield* commitCommand(shape, files, commit);
  for (let i = 0; i < shape.branches; i += 1) {
    yield Buffer.from(`reset refs/heads/feature/${name(i)}\nfrom :${markAt(shape, i, shape.branches)}\n\n`);
  }
  for (let i = 0; i < shape.tags; i += 1) yield tagCommand(i, markAt(shape, i, shape.tags));
  yield Buffer.from('done\n');
}

function* commitCommand(shape: Shape, files: string[][], commit: number): Generator<Buffer> {
  const message = `Change number ${commit}\n`;
  yield Buffer.from(
    `commit refs/heads/main\nmark :${commit + 1}\ncommitter ${WHO} ${FIRST_COMMIT_S + commit * 3600} +0000\n` +
      `data ${message.length}\n${message}`,
  );
  // The first commit brings the whole tree.
  const changed = commit === 0 ? files.map((_, i) => i) : someFiles(shape, commit);
  for (const i of changed) {
    const lines = files[i] as string[];
    if (commit > 0) lines[commit % LINES] = `change ${commit}: ${textLines(`line ${commit} ${i}`, 1).join()}`;
    yield* fileCommand(`src/module-${i % 20}/part-${i}.txt`, Buffer.from(lines.join('\n') + '\n'));
  }
  if (shape.assetBytes === 0) return;
  yield* fileCommand(`assets/${commit % ASSETS}.bin`, noise(`asset ${commit}`, shape.assetBytes));
}

function* fileCommand(path: string, content: Buffer): Generator<Buffer> {
  yield Buffer.from(`M 100644 inline ${path}\ndata ${content.length}\n`);
  yield content;
  yield Buffer.from('\n');
}

function tagCommand(i: number, mark: number): Buffer {
  const message = `Release ${i}\n`;
  return Buffer.from(
    `tag v${name(i)}\nfrom :${mark}\ntagger ${WHO} ${FIRST_COMMIT_S + i} +0000\ndata ${message.length}\n${message}`,
  );
}

/** Primes, so that the same three files do not meet again and again. */
const someFiles = (shape: Shape, commit: number): number[] =>
  Array.from({ length: CHANGED_PER_COMMIT }, (_, k) => (commit * 7 + k * 131) % shape.textFiles);

/** Spreads refs over the whole history, the newest included. */
const markAt = (shape: Shape, i: number, count: number): number =>
  Math.ceil(((i + 1) * shape.commits) / count);

const name = (i: number): string => String(i).padStart(4, '0');
