import { createHash } from "node:crypto";
import { ACCOUNT_NAMES, type AccountPlan, type ClientAccount } from "./accounts.ts";

/** What client SQL may do. */
export type ClientRight = "read" | "write" | "ddl";

/** Whose SQL it is: what the database server itself lets it do, whatever the text says. */
export interface ClientAccess {
  readonly rights: ReadonlySet<ClientRight>;
  /** The only databases that it reaches; null for all of clients. They need not exist. */
  readonly databases: readonly string[] | null;
}

/** What each right is to the server. Whoever may define what runs under its maker's rights (views, routines) has an account of its own on no node. */
const PRIVILEGES: Readonly<Record<ClientRight, readonly string[]>> = {
  read: ["SELECT", "SHOW VIEW", "EXECUTE"],
  write: ["INSERT", "UPDATE", "DELETE", "EXECUTE", "LOCK TABLES"],
  ddl: ["CREATE", "DROP", "REFERENCES", "INDEX", "ALTER"],
};
const RIGHTS: readonly ClientRight[] = ["read", "write", "ddl"];
const READING: ReadonlySet<ClientRight> = new Set(["read"]);

/** True for what may do everything that clients may, everywhere: it has the accounts that every node has. */
export function isUnconfined({ rights, databases }: ClientAccess): boolean {
  return databases === null && RIGHTS.every((right) => rights.has(right));
}

/** The account under which an access runs its queries, or its changes. The same access has the same one always, on every node. */
export function accountOf(access: ClientAccess, account: ClientAccount): AccountPlan {
  const { databases } = access;
  const rights = RIGHTS.filter(
    (right) => access.rights.has(right) && (account === "application" || READING.has(right)),
  );
  const isCommon = account === "reader" ? databases === null && rights.length > 0 : isUnconfined(access);
  if (isCommon) return COMMON_ACCOUNTS[account];
  const key = JSON.stringify([rights, databases?.toSorted() ?? null]);
  const digest = createHash("sha256").update(key).digest("hex").slice(0, 12);
  const privileges = [...new Set(rights.flatMap((right) => PRIVILEGES[right]))];
  return {
    name: `${ACCOUNT_NAMES[account]}_${digest}`,
    account,
    privileges: privileges.length === 0 ? "LOCK TABLES" : privileges.join(", "),
    databases,
  };
}

/** The two accounts that every node makes. */
export const COMMON_ACCOUNTS: Readonly<Record<ClientAccount, AccountPlan>> = {
  reader: { name: ACCOUNT_NAMES.reader, account: "reader", privileges: null, databases: null },
  application: { name: ACCOUNT_NAMES.application, account: "application", privileges: null, databases: null },
};
