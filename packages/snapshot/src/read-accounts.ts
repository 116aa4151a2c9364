import { quotedText } from "@understudy/binlog";
import { formatAccount, isOwnAccount, type AccountName, type AccountRules } from "./account-name.ts";
import type { AccountRecord } from "./account-record.ts";
import type { ServerSession } from "./server-session.ts";

/** An account with what kind it is of. */
export type ListedAccount = AccountName & Pick<AccountRecord, "kind">;

/** Default roles are set after the rights: by then the roles are there, and granted. */
const DEFAULT_ROLES = /\sDEFAULT ROLE (?:`(?:[^`]|``)*`@`(?:[^`]|``)*`,?)+/;

/** All accounts and roles of the server, its own included, in a stable order. */
export async function listAccounts(
  session: ServerSession,
  { flavour }: AccountRules,
): Promise<ListedAccount[]> {
  if (flavour === "mysql") {
    const rows = await session.rows("SELECT User AS user, Host AS host FROM mysql.user ORDER BY 1, 2");
    return rows.map((row) => ({ user: String(row["user"]), host: String(row["host"]), kind: "user" }));
  }
  const rows = await session.rows(
    "SELECT User AS user, Host AS host, is_role FROM mysql.user ORDER BY is_role DESC, 1, 2",
  );
  return rows.map((row) => {
    const user = String(row["user"]);
    const isRole = row["is_role"] === "Y";
    return {
      user,
      host: String(row["host"]),
      kind: isRole ? (user === "PUBLIC" ? "public" : "role") : "user",
    };
  });
}

/** The accounts that people made, as statements. Rights that a node gives its own accounts are not among them. */
export async function readAccounts(session: ServerSession, rules: AccountRules): Promise<AccountRecord[]> {
  const accounts: AccountRecord[] = [];
  if (rules.flavour === "mysql") await session.run("SET SESSION print_identified_with_as_hex=ON");
  for (const account of await listAccounts(session, rules)) {
    if (isOwnAccount(account, rules)) continue;
    accounts.push(
      rules.flavour === "mysql" ? await readMysql(session, account) : await readMariadb(session, account),
    );
  }
  return accounts;
}

async function readMysql(session: ServerSession, account: ListedAccount): Promise<AccountRecord> {
  const name = formatAccount(account);
  const create = await session.value(`SHOW CREATE USER ${name}`);
  const grants = await firstColumn(session, `SHOW GRANTS FOR ${name}`);
  const roles = await session.rows(
    `SELECT DEFAULT_ROLE_USER AS user, DEFAULT_ROLE_HOST AS host FROM mysql.default_roles
     WHERE USER = ${quotedText(account.user)} AND HOST = ${quotedText(account.host)} ORDER BY 1, 2`,
  );
  if (roles.length === 0) return { ...account, create, grants };
  const list = roles.map((row) => formatAccount({ user: String(row["user"]), host: String(row["host"]) }));
  return {
    ...account,
    create: create.replace(DEFAULT_ROLES, ""),
    grants: [...grants, `ALTER USER ${name} DEFAULT ROLE ${list.join(", ")}`],
  };
}

async function readMariadb(session: ServerSession, account: ListedAccount): Promise<AccountRecord> {
  const name = account.kind === "public" ? "PUBLIC" : formatAccount(account);
  const create =
    account.kind === "user"
      ? await session.value(`SHOW CREATE USER ${name}`)
      : `CREATE ROLE IF NOT EXISTS ${name}`;
  return { ...account, create, grants: await firstColumn(session, `SHOW GRANTS FOR ${name}`) };
}

async function firstColumn(session: ServerSession, sql: string): Promise<string[]> {
  const rows = await session.rows(sql);
  return rows.map((row) => String(Object.values(row)[0] ?? ""));
}
