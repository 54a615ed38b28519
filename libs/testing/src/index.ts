export { authorizeAs, type Consenting } from './authorize-as.js';
export { Child } from './child.js';
export { eventually } from './eventually.js';
export { freePort } from './free-port.js';
export { startPostgres, type RunningPostgres } from './start-postgres.js';
export { startRedis, type RunningRedis } from './start-redis.js';
export { runCommand, type CommandResult } from './command.js';
export { type DemoDocument, type DemoUser, type Role } from './demo-document.js';
export { freePortBase } from './free-port-base.js';
export { git, tryGit, type GitCredential, type GitOptions, type GitResult } from './git.js';
export {
  startGitHttpBackend,
  type BackendRequest,
  type GitHttpBackend,
  type GitHttpBackendOptions,
} from './git-http-backend.js';
export { CHECKOUT, House, npm, type HouseOptions } from './house.js';
export { HISTORY_BEGINS, makeHistory, type HistoryShape } from './make-history.js';
export {
  allProcesses,
  descendants,
  isRunning,
  residentBytes,
  watchCommandLines,
  type ProcessInfo,
} from './processes.js';
export { overSsh, runSsh, type SshIdentity } from './over-ssh.js';
export { localRefs, lsRemote, withoutHead, type Refs } from './refs.js';
export { openScratch, type Scratch } from './scratch.js';
export { SimApi } from './sim-api.js';
export { type LargeCommit, type LargeFile, type SimLfs } from './sim-lfs.js';
export {
  type NewCommit,
  type SimCounters,
  type SimDeployKey,
  type SimFaults,
  type SimKeySubject,
  type SimLfsFault,
  type SimLfsObject,
  type SimLfsObjectCounts,
  type SimPush,
  type SimSshKey,
  type SimState,
} from './sim-shapes.js';
export { makeSshKey, type SshKeyPair } from './ssh-key.js';
export { startSshAgent, type RunningSshAgent } from './start-ssh-agent.js';
export { startSim, type RunningSim } from './start-sim.js';
export { startS3, type RunningS3, type S3Fault } from './s3/start-s3.js';
