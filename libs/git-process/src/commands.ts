/**
 * Every setting that we give to git, once, each with its reason. git-config(1).
 */
import type { ConfigPair } from './config-env.js';

/** For every git process. */
const EVERYWHERE: readonly ConfigPair[] = [
  // The data folder was given to us by configuration; it may belong to another uid (a volume, a container).
  ['safe.directory', '*'],
  // Nothing that a repository carries may run. Mirrors have no hooks of their own either.
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  // Maintenance is ours to time: git's own starts in the middle of a burst and rewrites under readers.
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  // A sync and maintenance may meet at a lock that each holds for moments; the default patience is 0.1 s and 1 s.
  ['core.filesRefLockTimeout', '10000'],
  ['core.packedRefsTimeout', '5000'],
  // Advice and colours are for people.
  ['advice.detachedHead', 'false'],
  ['color.ui', 'false'],
];

/** What one process may take of a machine that many share; cachew met 96 threads of 1.5 GB each. */
const BOUNDED: readonly ConfigPair[] = [
  ['pack.threads', '2'],
  ['pack.windowMemory', '64m'],
  ['pack.deltaCacheSize', '64m'],
  // Larger files are stored as they are: no delta search reads them into memory.
  ['core.bigFileThreshold', '32m'],
];

export type ConfiguredCommand = 'fetch' | 'upload-pack' | 'maintain' | 'local';

export const SETTINGS: Readonly<Record<ConfiguredCommand, readonly ConfigPair[]>> = {
  fetch: [
    ...EVERYWHERE,
    ...BOUNDED,
    // A redirect could walk us, with the connection's credential, to a host that only our network can reach.
    ['http.followRedirects', 'false'],
    // The URL comes from an adapter, but ext:: and file:: would run programs or read disks: only what we speak.
    ['protocol.allow', 'never'],
    ['protocol.https.allow', 'always'],
    ['protocol.http.allow', 'always'],
    // v2 lets us want exactly the objects that the primary's refs named a moment ago.
    ['protocol.version', '2'],
    // The credential is in the environment of this one process; no helper may be asked, nor told, about it.
    ['credential.helper', ''],
    // Mirrors have no worktree, so looking for changed submodules is wasted work.
    ['fetch.recurseSubmodules', 'no'],
    // Every fetch stays a pack: thousands of loose files would burden each reader.
    ['fetch.unpackLimit', '1'],
    ['transfer.unpackLimit', '1'],
    // Written by maintenance, incrementally, outside the time that a reader waits for.
    ['fetch.writeCommitGraph', 'false'],
    // A mirror holds what the primary holds. Old histories carry flaws that fsck calls errors (zero-padded modes,
    // bad dates) and that every client accepts; refusing them here would only make the mirror worse than the
    // primary. Each object's hash and the connectivity of every tip are still verified by index-pack and fetch.
    ['fetch.fsckObjects', 'false'],
    ['transfer.fsckObjects', 'false'],
  ],
  'upload-pack': [
    ...EVERYWHERE,
    ...BOUNDED,
    ['uploadpack.allowFilter', 'true'],
    ['uploadpack.allowSidebandAll', 'true'],
    // Pins keep tips of earlier epochs alive: hidden from every advertisement, yet to be had by name (v0, v1).
    ['uploadpack.hideRefs', 'refs/antipode'],
    ['uploadpack.allowTipSHA1InWant', 'true'],
    // Anything else must be reachable from a tip: an object that no ref of the primary holds any more is not ours to
    // hand out. (v2 takes any present object as a want, by specification.) That is git's default; saying
    // allowAnySHA1InWant=false here would take back the line above, for git keeps both in one set of bits.
    // A fetch that names a missing object must fail, not make our server fetch it from somewhere.
    ['protocol.allow', 'never'],
  ],
  maintain: [
    ...EVERYWHERE,
    ...BOUNDED,
    // Readers come first.
    ['pack.threads', '1'],
    ['repack.writeBitmaps', 'true'],
    // With the names' hashes a bitmap still finds good delta bases.
    ['pack.writeBitmapHashCache', 'true'],
    ['pack.writeBitmapLookupTable', 'true'],
    // Objects that no ref holds stay for the pins' lease and a day more.
    ['gc.pruneExpire', '1.day.ago'],
  ],
  local: [...EVERYWHERE, ...BOUNDED],
};
