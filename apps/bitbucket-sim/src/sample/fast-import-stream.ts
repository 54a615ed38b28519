/** Writes one git-fast-import(1) stream: made-up history without a working tree. */
export class FastImportStream {
  readonly #parts: string[] = [];
  #marks = 0;

  /** @returns the mark to continue from. */
  commit(ref: string, commit: SampleCommit): string {
    this.#marks += 1;
    const mark = `:${this.#marks}`;
    const who = `${commit.author} ${commit.at} +0000`;
    this.#parts.push(`commit ${ref}\nmark ${mark}\nauthor ${who}\ncommitter ${who}\n${data(commit.message)}`);
    if (commit.from !== undefined) this.#parts.push(`from ${commit.from}\n`);
    for (const other of commit.merge ?? []) this.#parts.push(`merge ${other}\n`);
    for (const [path, content] of Object.entries(commit.files)) {
      this.#parts.push(`M 100644 inline ${path}\n${data(content)}`);
    }
    this.#parts.push('\n');
    return mark;
  }

  branch(name: string, from: string): void {
    this.#parts.push(`reset refs/heads/${name}\nfrom ${from}\n\n`);
  }

  lightweightTag(name: string, from: string): void {
    this.#parts.push(`reset refs/tags/${name}\nfrom ${from}\n\n`);
  }

  annotatedTag(name: string, from: string, tag: { tagger: string; at: number; message: string }): void {
    this.#parts.push(`tag ${name}\nfrom ${from}\ntagger ${tag.tagger} ${tag.at} +0000\n${data(tag.message)}`);
  }

  text(): string {
    return this.#parts.join('') + 'done\n';
  }
}

export interface SampleCommit {
  readonly author: string;
  /** Unix seconds. */
  readonly at: number;
  readonly message: string;
  readonly files: Readonly<Record<string, string>>;
  readonly from?: string;
  readonly merge?: readonly string[];
}

const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;
