/** How the mirror introduces itself to the primary. */
export const USER_AGENT = 'git/2.47.0 (antipode)';

/** How it introduces itself to the primary's LFS server. */
export const LFS_USER_AGENT = 'git-lfs/3.6.0 (antipode)';
