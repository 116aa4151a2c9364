import { quotedText, type ServerQuestions } from "@understudy/binlog";
import type { ServerSession } from "./server-session.ts";

/** Schema that stands in a server for as long as its contents are not whole. */
export const MARK_SCHEMA = "understudy_restoring";

/** Schemas that each server has of its own, never copied and never dropped. */
const SYSTEM_SCHEMAS = ["mysql", "sys", "information_schema", "performance_schema"] as const;

const NOT_COPIED = [...SYSTEM_SCHEMAS, MARK_SCHEMA].map(quotedText).join(", ");

/** Condition on a column that holds a schema's name: true for the schemas that a copy consists of. */
export function isCopiedSchema(column: string): string {
  return `${column} NOT IN (${NOT_COPIED})`;
}

/** The schemas that a copy consists of, the node's own `understudy` among them: it is replicated data. */
export async function listCopiedSchemas(session: ServerQuestions): Promise<string[]> {
  const rows = await session.rows(
    `SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE ${isCopiedSchema("SCHEMA_NAME")} ORDER BY 1`,
  );
  return rows.map((row) => String(row["name"]));
}

/** How much a copy consists of. */
export interface ContentSize {
  /** Estimate from the server's own statistics; the copy's text may be smaller or larger. */
  readonly bytes: number;
  readonly tables: number;
}

/** Counts the tables (views and sequences apart) and estimates their size. */
export async function measureContent(session: ServerSession): Promise<ContentSize> {
  const [row] = await session.rows(
    `SELECT COUNT(*) AS table_count, COALESCE(SUM(DATA_LENGTH), 0) AS byte_count FROM information_schema.TABLES
     WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND ${isCopiedSchema("TABLE_SCHEMA")}`,
  );
  return { bytes: Number(row?.["byte_count"] ?? 0), tables: Number(row?.["table_count"] ?? 0) };
}
