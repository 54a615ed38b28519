/** Injection token of the primary's adapter. */
export const PRIMARY = Symbol('PRIMARY');
