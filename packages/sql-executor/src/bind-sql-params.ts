import { UnderstudyError } from "@understudy/protocol";
import { findPlaceholders } from "./bind-params.ts";
import { bytesLiteral, sqlLiteral } from "./sql-literal.ts";
import type { SqlParam } from "./sql-session.ts";

/** As `bindParams`, for the node's own kinds of values. */
export function bindSqlParams(sql: string, params: readonly SqlParam[]): string {
  if (params.length === 0) return sql;
  const placeholders = findPlaceholders(sql).filter(({ name }) => name === null);
  if (placeholders.length !== params.length) {
    throw new UnderstudyError("internal", `${placeholders.length} placeholders, ${params.length} parameters`);
  }
  let at = 0;
  const parts = placeholders.map(({ start, end }, index) => {
    const part = `${sql.slice(at, start)} ${literalOf(params[index] ?? null, index)} `;
    at = end;
    return part;
  });
  return parts.join("") + sql.slice(at);
}

function literalOf(value: SqlParam, index: number): string {
  if (value instanceof Uint8Array) return bytesLiteral(value);
  return typeof value === "bigint" ? String(value) : sqlLiteral(value, String(index + 1));
}
