import { quotedText } from "@understudy/binlog";
import type { Flavour } from "@understudy/protocol";

/** An account or a role as the server knows it. MariaDB's roles have no host. */
export interface AccountName {
  readonly user: string;
  readonly host: string;
}

/** Which accounts are a server's or a node's own. */
export interface AccountRules {
  readonly flavour: Flavour;
  /** Users, whatever their host, that a node makes for itself. */
  readonly nodeAccounts: readonly string[];
}

/** By which a distribution's or a person's administration logs in. Each server has its own. */
const ADMIN_USERS: ReadonlySet<string> = new Set(["root", "debian-sys-maint"]);

/** One text for each account, to compare by. */
export function accountKey({ user, host }: AccountName): string {
  return `${user}@${host.toLowerCase()}`;
}

/** As statements name it, in a session whose SQL mode is empty. */
export function formatAccount({ user, host }: AccountName): string {
  return host === "" ? quotedText(user) : `${quotedText(user)}@${quotedText(host)}`;
}

/** True for what the server made at its set-up, and for what a node makes for itself: on no account part of a copy. */
export function isOwnAccount({ user, host }: AccountName, { flavour, nodeAccounts }: AccountRules): boolean {
  // those that are confined to some rights or databases go on behind the name
  if (nodeAccounts.some((name) => user === name || user.startsWith(`${name}_`))) return true;
  if (flavour === "mysql") return user.startsWith("mysql.") && host === "localhost";
  return (user === "mariadb.sys" || user === "mysql") && host === "localhost";
}

/** True where a restore leaves an account of this server as it is: its own, the one logged in with, and administrators. */
export function isKeptAccount(account: AccountName, login: AccountName, rules: AccountRules): boolean {
  return (
    isOwnAccount(account, rules) || accountKey(account) === accountKey(login) || ADMIN_USERS.has(account.user)
  );
}
