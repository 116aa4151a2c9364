import type { Generated } from "kysely";

/** Accounts and what they hold. */
interface Accounts {
  readonly id: Generated<string>;
  readonly owner: string;
  /** A DECIMAL comes as text, so that no cent is lost. */
  readonly balance: string;
}

/** The tables of the database. */
export interface BankTables {
  readonly accounts: Accounts;
}
