import { backticked } from "@understudy/binlog";
import type { ServerSession } from "./server-session.ts";
import { isCopiedSchema } from "./server-schemas.ts";

/**
 * Checksums of the tables that no consistent snapshot covers. Equal before and after the dump, they were copied as they
 * are at its position. Empty where all tables are InnoDB's.
 */
export async function untransactionalChecksums(session: ServerSession): Promise<ReadonlyMap<string, string>> {
  const rows = await session.rows(
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES
     WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND ENGINE <> 'InnoDB' AND ${isCopiedSchema("TABLE_SCHEMA")} ORDER BY 1, 2`,
  );
  const checksums = new Map<string, string>();
  for (const row of rows) {
    const name = `${backticked(String(row["s"]))}.${backticked(String(row["t"]))}`;
    const [checksum] = await session.rows(`CHECKSUM TABLE ${name}`);
    checksums.set(name, String(checksum?.["Checksum"] ?? ""));
  }
  return checksums;
}

/** A table whose checksum differs; undefined where none does. */
export function firstChanged(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string | undefined {
  return [...before].find(([name, checksum]) => after.get(name) !== checksum)?.[0];
}
