export { configEnv, type ConfigPair } from './config-env.js';
export { runGit, type GitOutput, type RunGitOptions } from './run-git.js';
export { processesStarted, startGit, type GitExit, type RunningGit, type StartGitOptions } from './start-git.js';
