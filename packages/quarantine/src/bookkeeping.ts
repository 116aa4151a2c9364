/** The schema in which the cluster keeps what it knows of itself. */
const SCHEMA = "understudy";
/**
 * The one table there whose rows belong to clients: a key is kept in the transaction of its write. Where the client has sent that
 * write again to the new master, the key is there already, so that applying the old one conflicts. That is as it should be.
 */
const CLIENT_TABLE = "idempotency_keys";

/** True for a table whose rows tell of the cluster itself, and would be wrong in another history. */
export function isBookkeeping(database: string, table: string): boolean {
  return database === SCHEMA && table !== CLIENT_TABLE;
}
