/** What a benchmark repository is made of. The same shape gives the same object ids on every machine. */
export interface Shape {
  /** Names the repository on the primary and in the tables. */
  readonly slug: string;
  readonly commits: number;
  /** Text files in the tree; every commit changes three of them. */
  readonly textFiles: number;
  /** Bytes of the incompressible file that each commit replaces one of; 0 for none. */
  readonly assetBytes: number;
  readonly branches: number;
  /** Annotated, so they are advertised with a peeled id. */
  readonly tags: number;
}

/** The tree holds this many incompressible files; the history holds one more per commit. */
export const ASSETS = 60;

/** More than 100 MB packed, thousands of commits, more than a thousand refs. */
export const LARGE: Shape = {
  slug: 'bench-large',
  commits: 3000,
  textFiles: 400,
  assetBytes: 40_000,
  branches: 800,
  tags: 400,
};

/** What most repositories of a team look like from the outside: a handful of refs. */
export const SMALL: Shape = {
  slug: 'bench-small',
  commits: 200,
  textFiles: 40,
  assetBytes: 0,
  branches: 10,
  tags: 10,
};

/** The large one's stand-in for a smoke run: as many refs, a tenth of the bytes. */
export const LARGE_FOR_QUICK: Shape = {
  ...LARGE,
  slug: 'bench-large-quick',
  commits: 1200,
  assetBytes: 8_000,
};
