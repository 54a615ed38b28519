/** This service's schema; nobody else reads it. */
export const SCHEMA = 'registry';

/** Keys of Postgres advisory locks; arbitrary, but ours: "antipode" in a few digits each. auth's begin with 7990_1. */
export const LOCKS = {
  /** One instance migrates at a time. */
  migrations: 7_990_001,
  /** One instance sweeps at a time. */
  sweep: 7_990_002,
  /** Writers of the table of repositories take turns, so that its versions appear in their order. */
  repositories: 7_990_003,
} as const;

/** The NOTIFY channel that says: the table of repositories has changed. */
export const CHANGES = 'registry_repositories';

/** The one that says: nodes have reported on the repositories whose ids it names, comma separated. */
export const STATES = 'registry_states';
