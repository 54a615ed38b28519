export { checkConnectivity } from './check-connectivity.js';
export { SETTINGS, type ConfiguredCommand } from './commands.js';
export { configEnv, type ConfigPair } from './config-env.js';
export { copyObjects, type CopyObjectsOptions } from './copy-objects.js';
export { requireDiskSpace } from './disk-full.js';
export { fetchObjects, type FetchedObjects, type FetchObjectsOptions } from './fetch-objects.js';
export { findPointers, type FindPointersOptions } from './find-pointers.js';
export { findSpoiltFile } from './find-spoilt-file.js';
export { killOrphans } from './kill-orphans.js';
export { progressReader, readProgressLine, type GitProgress } from './read-progress.js';
export { gitIn, gitOk, initBare, isConnected, missingObjects, type LocalGitOptions } from './repository.js';
export { runGit, type GitOutput, type RunGitOptions } from './run-git.js';
export { guardAgainstStall, type StallGuard } from './stall-guard.js';
export {
  processesStarted,
  startGit,
  type GitExit,
  type RunningGit,
  type StartGitOptions,
} from './start-git.js';
export { startUploadPack, type UploadPackOptions } from './upload-pack.js';
