import type { Grants } from './model.js';

export const emptyGrants = <P>(): Grants<P> => ({ users: {}, groups: {} });
