/** A program to run, and as whom. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** True where the program itself ends when its stdin closes (ANTIPODE_SUPERVISED). */
  readonly watchesStdin: boolean;
  /** Another user to run as (PostgreSQL refuses root). */
  readonly account?: Account;
}

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** True where this user cannot reach its files by itself, because a folder above belongs to root alone. */
  readonly needsPassage: boolean;
}

/** One process of the house: what it is called, how it starts, when it is ready, how it ends. */
export interface Part {
  /** As in the name of its log and in demo.json: "postgres", "edge". */
  readonly name: string;
  /** What it is to a person, for the screen. */
  readonly title: string;
  readonly ports: readonly number[];
  /** The signal that ends it gracefully. */
  readonly stopSignal: NodeJS.Signals;
  /** Makes what it needs on disk and says how to start it. Called before every start; must be repeatable. */
  prepare(): Promise<Launch>;
  /** Resolves if the part does its work now; throws an Error whose message says what is missing. */
  checkReady(): Promise<void>;
}
