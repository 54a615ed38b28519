/** How the mirror introduces itself to the primary. */
export const USER_AGENT = 'git/2.47.0 (antipode)';
