import { backticked, errnoOf } from "@understudy/binlog";
import { randomToken } from "@understudy/kernel";
import type { DatabaseSession } from "./database-session.ts";
import { quoteName } from "./quote-name.ts";
import type { ServerInfo } from "./server-info.ts";
import type { TableName } from "./sql-executor.ts";
import { quoteText } from "./sql-literal.ts";

/** The two accounts under which client SQL runs. */
export type ClientAccount = "reader" | "application";

/** Names of the accounts; the host part is always `%`, so that a definer recorded on one node exists on each. */
export const ACCOUNT_NAMES: Record<ClientAccount, string> = {
  reader: "understudy_reader",
  application: "understudy_app",
};

/** An account under which client SQL runs. */
export interface AccountPlan {
  /** Begins with the name in {@link ACCOUNT_NAMES}. */
  readonly name: string;
  readonly account: ClientAccount;
  /** As GRANT lists them; null for all that its kind may have. */
  readonly privileges: string | null;
  /** The only databases that it reaches; null for all of clients. */
  readonly databases: readonly string[] | null;
}

/** The accounts that a node makes on its own server alone, with those whose names go on with `_`: no copy of the data brings them along. */
export const CLIENT_ACCOUNTS: readonly string[] = Object.values(ACCOUNT_NAMES);

/** Schemas that no client SQL may touch. */
export const HIDDEN_SCHEMAS = ["mysql", "understudy", "sys", "performance_schema"] as const;

/** ER_NO_SUCH_TABLE. */
const UNKNOWN_TABLE = 1146;
const PERFORMANCE_SCHEMA_RIGHTS: ReadonlySet<string> = new Set(["SELECT", "UPDATE", "DELETE", "DROP"]);
const READER_RIGHTS = "SELECT, SHOW VIEW, EXECUTE";
const DATA_RIGHTS =
  "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, " +
  "CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EVENT, TRIGGER";

/** A password that also satisfies servers with a password policy. */
export function newPassword(): string {
  return `${randomToken(24)}aA1!`;
}

/** What the accounts are made with. */
export interface AccountsOptions {
  readonly server: ServerInfo;
  /** With the passwords that they get. */
  readonly accounts: readonly (AccountPlan & { readonly password: string })[];
  /** Tables of the node's own into which application accounts may insert, and nothing else. */
  readonly keeping: readonly TableName[];
}

/**
 * Makes the accounts as they have to be, whatever there was before, under new passwords and outside the binlog.
 * `admin` must be a session of the node's own account that is reset afterwards.
 */
export async function makeAccounts(admin: DatabaseSession, options: AccountsOptions): Promise<void> {
  const { server, accounts, keeping } = options;
  await changeAccounts(admin, server, async () => {
    const literalPatterns = server.flavour === "mysql" && (await readSwitch(admin, "partial_revokes"));
    for (const account of accounts) {
      const name = fullName(account);
      const password = quoteText(account.password, "password");
      await admin.run(`CREATE USER IF NOT EXISTS ${name} IDENTIFIED BY ${password}`);
      await admin.run(`ALTER USER ${name} IDENTIFIED BY ${password}`);
      await admin.run(`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${name}`);
      for (const sql of grantsOf(account, name, literalPatterns)) await admin.run(sql);
      if (account.account !== "application") continue;
      for (const table of keeping) {
        await grantKeeping(admin, account, table).catch((error: unknown) => {
          if (errnoOf(error) !== UNKNOWN_TABLE) throw error;
        });
      }
    }
    await trustRoutines(admin);
  });
}

/** Lets application accounts insert into a table of the node's own, as {@link makeAccounts} does for those it is told of. */
export async function allowKeeping(
  admin: DatabaseSession,
  {
    server,
    accounts,
    table,
  }: Pick<AccountsOptions, "server"> & {
    readonly accounts: readonly AccountPlan[];
    readonly table: TableName;
  },
): Promise<void> {
  await changeAccounts(admin, server, async () => {
    for (const account of accounts) {
      if (account.account === "application") await grantKeeping(admin, account, table);
    }
  });
}

/** A right on one table counts beside those on its schema, also where `partial_revokes` took the latter back. */
async function grantKeeping(
  admin: DatabaseSession,
  account: AccountPlan,
  { database, table }: TableName,
): Promise<void> {
  await admin.run(`GRANT INSERT ON ${quoteName(database)}.${quoteName(table)} TO ${fullName(account)}`);
}

/** Outside the binlog, and also where the server is locked. */
async function changeAccounts(
  admin: DatabaseSession,
  server: ServerInfo,
  change: () => Promise<void>,
): Promise<void> {
  await admin.run("SET SESSION sql_log_bin=0");
  const isLocked = server.flavour === "mysql" && (await readSwitch(admin, "super_read_only"));
  // read_only stays on meanwhile, so only accounts with all rights could write in this moment.
  if (isLocked) await admin.run("SET GLOBAL super_read_only=OFF");
  try {
    await change();
  } finally {
    // unless the server was opened for writes meanwhile
    if (isLocked) await admin.run("SET GLOBAL super_read_only=@@GLOBAL.read_only");
  }
}

function fullName({ name }: AccountPlan): string {
  return `'${name}'@'%'`;
}

function grantsOf(account: AccountPlan, name: string, literalPatterns: boolean): string[] {
  if (account.databases !== null)
    return databaseGrants(account, account.databases, { name, literalPatterns });
  return literalPatterns ? globalGrants(account, name) : patternGrants(account, name);
}

/** Rights on some databases by their names, in which `_` and `%` are no pattern. Everything else is out of reach. */
function databaseGrants(
  { privileges, account }: AccountPlan,
  databases: readonly string[],
  { name, literalPatterns }: { readonly name: string; readonly literalPatterns: boolean },
): string[] {
  const rights = privileges ?? (account === "reader" ? READER_RIGHTS : DATA_RIGHTS);
  return databases.map((database) => {
    const pattern = literalPatterns ? database : database.replaceAll(/[\\_%]/g, String.raw`\$&`);
    quoteName(database);
    return `GRANT ${rights} ON ${backticked(pattern)}.* TO ${name}`;
  });
}

/**
 * Lets others than SUPER create triggers and functions, which row-based replication makes safe whatever they do.
 * Lasts until the server stops.
 */
export async function trustRoutines(admin: DatabaseSession): Promise<void> {
  await admin.run("SET GLOBAL log_bin_trust_function_creators=ON");
}

/**
 * Rights on the pattern `%`, and next to nothing on the hidden schemas by name: the servers use the most specific entry
 * only, so the pattern does not reach them (MySQL manual, "Access Control, Stage 2"). LOCK TABLES is worth nothing
 * without SELECT; it is there because an entry must grant something.
 */
function patternGrants({ account, privileges }: AccountPlan, name: string): string[] {
  const rights = privileges ?? (account === "reader" ? READER_RIGHTS : "ALL PRIVILEGES");
  return [
    ...HIDDEN_SCHEMAS.map(
      (schema) => `GRANT LOCK TABLES ON \`${schema.replaceAll("_", "\\_")}\`.* TO ${name}`,
    ),
    `GRANT ${rights} ON \`%\`.* TO ${name}`,
  ];
}

/** With `partial_revokes` on, `%` is no pattern but a name; there, a global right can be taken back for one schema. */
function globalGrants({ account, privileges }: AccountPlan, name: string): string[] {
  const rights = privileges ?? (account === "reader" ? READER_RIGHTS : DATA_RIGHTS);
  return [
    `GRANT ${rights} ON *.* TO ${name}`,
    ...HIDDEN_SCHEMAS.flatMap((schema) => {
      const revoked = revocableRights(schema, rights);
      return revoked === "" ? [] : [`REVOKE ${revoked} ON \`${schema}\`.* FROM ${name}`];
    }),
  ];
}

/** Most rights on performance_schema can be neither granted nor revoked; the server refuses their use by itself. */
function revocableRights(schema: string, rights: string): string {
  if (schema !== "performance_schema") return rights;
  const revocable = rights.split(", ").filter((right) => PERFORMANCE_SCHEMA_RIGHTS.has(right));
  return revocable.join(", ");
}

async function readSwitch(admin: DatabaseSession, variable: string): Promise<boolean> {
  const { rows } = await admin.run(`SELECT @@GLOBAL.${variable}`, {
    shape: "arrays",
    rowsMax: 1,
    bytesMax: 1024,
  });
  const [first] = rows;
  return Array.isArray(first) && String(first[0]) === "1";
}
