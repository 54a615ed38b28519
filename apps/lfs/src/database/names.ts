/** This service's schema; nobody else reads it. */
export const SCHEMA = 'lfs';

/** Keys of Postgres advisory locks; arbitrary, but ours. The registry's begin with 7990_0, auth's with 7990_1. */
export const LOCKS = {
  /** One instance migrates at a time. */
  migrations: 7_990_201,
} as const;
