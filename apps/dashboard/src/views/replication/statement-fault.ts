/** At what a slave's replication stopped, taken from the sentence in which nodes tell it. */
export interface StatementFault {
  readonly gtid: string;
  /** `database.table`; null where the statement changes no table's rows. */
  readonly table: string | null;
  /** The database server's words. */
  readonly error: string;
}

// As the applier says it, and as a broken slave says it of itself.
const FAULT = /transaction (\S+?)(?: could not be applied)?(?: on (\S+))?: (.+)/s;

/** Reads `transaction <gtid> [could not be applied] [on <table>]: <error>`; null for any other sentence. */
export function statementFault(sentence: string): StatementFault | null {
  const [, gtid, table, error] = FAULT.exec(sentence) ?? [];
  return gtid === undefined || error === undefined ? null : { gtid, table: table ?? null, error };
}
