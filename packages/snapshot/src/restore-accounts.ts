import { errnoOf } from "@understudy/binlog";
import type { Logger } from "@understudy/kernel";
import { accountKey, formatAccount, type AccountRules } from "./account-name.ts";
import type { AccountRecord } from "./account-record.ts";
import type { KeptAccounts } from "./empty-server.ts";
import { listAccounts } from "./read-accounts.ts";
import type { ServerSession } from "./server-session.ts";

/**
 * What servers answer to a grant on something that was dropped: the right stays in their tables, but can't be given again.
 * Unknown column, table, routine, unknown table on MariaDB, unknown database.
 */
const OF_SOMETHING_GONE: ReadonlySet<number> = new Set([1054, 1146, 1305, 1051, 1049, 1403]);

/** What accounts are restored with. */
export interface RestoreAccountsOptions {
  readonly accounts: readonly AccountRecord[];
  readonly kept: KeptAccounts;
  readonly rules: AccountRules;
  readonly logger: Logger;
}

/**
 * Makes the copy's accounts, then their rights, since these name each other. An account that the server kept stays as it is. Call it
 * when the tables are there. A right on something that is gone on the source as well is left out, and said in the log.
 */
export async function restoreAccounts(
  session: ServerSession,
  { accounts, kept, rules, logger }: RestoreAccountsOptions,
): Promise<void> {
  const wanted = accounts.filter(
    (account) => account.kind === "public" || !kept.keys.has(accountKey(account)),
  );
  for (const { kind, create } of wanted) if (kind !== "public") await session.run(create);
  for (const { grants } of wanted) {
    for (const grant of grants) {
      try {
        await session.run(grant);
      } catch (error) {
        if (!OF_SOMETHING_GONE.has(errnoOf(error) ?? 0)) throw error;
        logger.warn(
          { event: "snapshot-grant-skipped", errno: errnoOf(error) },
          "a right on something that is gone was left out",
        );
      }
    }
  }
  const there = new Set((await listAccounts(session, rules)).map(accountKey));
  for (const { role, holder, withAdmin } of kept.roleGrants) {
    if (!there.has(accountKey(role))) continue;
    const admin = withAdmin ? ` WITH ADMIN OPTION` : "";
    await session.run(`GRANT ${formatAccount(role)} TO ${formatAccount(holder)}${admin}`);
  }
}
