/** What a token may permit, each with what it is good for. a table of `docs/security.md` is made from this. */
export const RIGHTS = {
  read: "queries, schemas, and the cluster's state, metrics and events",
  write: "changes of rows, and CALL",
  ddl: "changes of databases, tables and indexes",
  monitor: "the cluster's state, metrics and events",
  admin: "changes of the cluster's shape, the quarantine, and backups",
  replicate: "what nodes ask of each other",
} as const;

/** @see RIGHTS */
export type Right = keyof typeof RIGHTS;

/** All of them. */
export const RIGHT_NAMES = Object.keys(RIGHTS) as readonly Right[];
