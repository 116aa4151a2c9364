import { backticked, historyResetStatements, versionNumberOf } from "@understudy/binlog";
import {
  accountKey,
  formatAccount,
  isKeptAccount,
  type AccountName,
  type AccountRules,
} from "./account-name.ts";
import { listAccounts } from "./read-accounts.ts";
import { listCopiedSchemas } from "./server-schemas.ts";
import type { ServerSession } from "./server-session.ts";

/** What an emptied server still has of accounts. */
export interface KeptAccounts {
  /** Keys of the accounts that stay as they are: the server's own, the node's, administrators, the one logged in with, its active roles. */
  readonly keys: ReadonlySet<string>;
  /** Which roles these had. A role that is dropped and comes again with the copy has to be granted to them again. */
  readonly roleGrants: readonly RoleGrant[];
}

/** A role and one of its holders. */
export interface RoleGrant {
  readonly role: AccountName;
  readonly holder: AccountName;
  readonly withAdmin: boolean;
}

/** Empties a server of everything that a copy may bring: schemas, accounts, GTID history. */
export async function emptyServer(session: ServerSession, rules: AccountRules): Promise<KeptAccounts> {
  await session.run("SET SESSION foreign_key_checks=0");
  for (const schema of await listCopiedSchemas(session))
    await session.run(`DROP DATABASE ${backticked(schema)}`);
  const kept = await dropAccounts(session, rules);
  await resetHistory(session, rules);
  return kept;
}

async function dropAccounts(session: ServerSession, rules: AccountRules): Promise<KeptAccounts> {
  const login = parseLogin(await session.value("SELECT CURRENT_USER()"));
  const activeRoles = new Set(parseActiveRoles(await session.value("SELECT CURRENT_ROLE()")).map(accountKey));
  const accounts = await listAccounts(session, rules);
  const keys = new Set(
    accounts
      .filter((account) => isKeptAccount(account, login, rules) || activeRoles.has(accountKey(account)))
      .map(accountKey),
  );
  const roleGrants = await listRoleGrants(session, rules);
  for (const account of accounts) {
    if (keys.has(accountKey(account))) continue;
    if (account.kind === "public") await session.run("REVOKE ALL PRIVILEGES, GRANT OPTION FROM PUBLIC");
    else await session.run(`DROP ${account.kind === "role" ? "ROLE" : "USER"} ${formatAccount(account)}`);
  }
  return { keys, roleGrants: roleGrants.filter(({ holder }) => keys.has(accountKey(holder))) };
}

/** `CURRENT_USER()`: the account that counts, whose host may be a pattern. */
function parseLogin(text: string): AccountName {
  const at = text.lastIndexOf("@");
  return { user: text.slice(0, at), host: text.slice(at + 1) };
}

/** `CURRENT_ROLE()`: MySQL's list in backticks, MariaDB's bare name, or none. */
function parseActiveRoles(text: string): AccountName[] {
  const roles = [...text.matchAll(/`((?:[^`]|``)*)`@`((?:[^`]|``)*)`/g)];
  if (roles.length === 0) return [{ user: text, host: "" }];
  return roles.map(([, user = "", host = ""]) => ({
    user: user.replaceAll("``", "`"),
    host: host.replaceAll("``", "`"),
  }));
}

async function listRoleGrants(session: ServerSession, { flavour }: AccountRules): Promise<RoleGrant[]> {
  const rows = await session.rows(
    flavour === "mysql"
      ? "SELECT FROM_USER AS r, FROM_HOST AS rh, TO_USER AS u, TO_HOST AS h, WITH_ADMIN_OPTION AS a FROM mysql.role_edges"
      : "SELECT Role AS r, '' AS rh, User AS u, Host AS h, Admin_option AS a FROM mysql.roles_mapping",
  );
  return rows.map((row) => ({
    role: { user: String(row["r"]), host: String(row["rh"]) },
    holder: { user: String(row["u"]), host: String(row["h"]) },
    withAdmin: row["a"] === "Y",
  }));
}

async function resetHistory(session: ServerSession, { flavour }: AccountRules): Promise<void> {
  const version = versionNumberOf(await session.value("SELECT VERSION()"));
  for (const sql of historyResetStatements(flavour, version)) await session.run(sql);
}
