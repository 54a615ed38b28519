/** git's names for its two services; gitprotocol-http(5). */
export type GitService = 'git-upload-pack' | 'git-receive-pack';

export const isGitService = (text: string | null | undefined): text is GitService =>
  text === 'git-upload-pack' || text === 'git-receive-pack';
