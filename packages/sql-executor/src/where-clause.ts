import { UnderstudyError, type Comparison, type InputValue, type Where } from "@understudy/protocol";
import { requireBalanced } from "./balanced-sql.ts";
import { findPlaceholders } from "./bind-params.ts";
import { quoteName } from "./quote-name.ts";
import type { BuiltStatement } from "./row-statements.ts";

type SqlCondition = Extract<Where, { sql: string; params?: unknown }>;
type ColumnCondition = InputValue | Comparison;

const OPERATORS = { $eq: "=", $ne: "<>", $gt: ">", $gte: ">=", $lt: "<", $lte: "<=", $like: "LIKE" } as const;

/** A condition with `?` for each value, without the word WHERE; null where it says nothing. Throws `invalid-request`. */
export function buildWhere(where: Where | undefined): BuiltStatement | null {
  if (where === undefined) return null;
  if (isSqlCondition(where)) return sqlCondition(where);
  const parts: string[] = [];
  const params: InputValue[] = [];
  for (const [column, condition] of Object.entries(where)) {
    const name = quoteName(column);
    for (const part of columnConditions(condition)) {
      parts.push(part.sql.replaceAll("@", () => name));
      params.push(...part.params);
    }
  }
  return parts.length === 0 ? null : { sql: parts.join(" AND "), params };
}

/** The keys decide: `sql` as text and nothing but perhaps `params` as a list or an object beside it. */
function isSqlCondition(where: Where): where is SqlCondition {
  const keys = Object.keys(where);
  const params = Object.hasOwn(where, "params") ? where["params"] : undefined;
  return (
    Object.hasOwn(where, "sql") &&
    typeof where["sql"] === "string" &&
    keys.every((key) => key === "sql" || key === "params") &&
    (params === undefined || (typeof params === "object" && params !== null))
  );
}

function sqlCondition({ sql, params = [] }: SqlCondition): BuiltStatement {
  requireBalanced(sql, "where.sql");
  const named = !Array.isArray(params);
  const placeholders = findPlaceholders(sql).filter(({ name }) => named === (name !== null));
  if (!named && placeholders.length !== params.length) {
    throw new UnderstudyError(
      "invalid-request",
      `where.sql has ${placeholders.length} placeholders (?), but ${params.length} parameters were given`,
      { details: { parameter: Math.min(placeholders.length, params.length) + 1 } },
    );
  }
  const values: InputValue[] = [];
  const parts: string[] = [];
  const left = new Set(named ? Object.keys(params) : []);
  let at = 0;
  placeholders.forEach(({ start, end, name }, index) => {
    const value = Array.isArray(params)
      ? params[index]
      : Object.hasOwn(params, name ?? "")
        ? params[name ?? ""]
        : undefined;
    if (value === undefined) throw wrongParameter(`no parameter was given for :${name ?? ""}`, name ?? "");
    left.delete(name ?? "");
    values.push(value);
    parts.push(sql.slice(at, start), "?");
    at = end;
  });
  const [surplus] = left;
  if (surplus !== undefined) throw wrongParameter(`where.sql has no placeholder :${surplus}`, surplus);
  parts.push(sql.slice(at));
  return { sql: `(${parts.join("")})`, params: values };
}

/** Conditions on one column, `@` standing for its name. */
function columnConditions(condition: ColumnCondition): BuiltStatement[] {
  if (condition === null) return [{ sql: "@ IS NULL", params: [] }];
  if (typeof condition !== "object" || "$type" in condition) return [{ sql: "@ = ?", params: [condition] }];
  const found: BuiltStatement[] = [];
  for (const [key, sign] of Object.entries(OPERATORS)) {
    const value = valueOf(condition, key);
    if (value === undefined) continue;
    if (value !== null) found.push({ sql: `@ ${sign} ?`, params: [value] });
    else if (key === "$eq") found.push({ sql: "@ IS NULL", params: [] });
    else if (key === "$ne") found.push({ sql: "@ IS NOT NULL", params: [] });
    else throw new UnderstudyError("invalid-request", `${key} can't compare with null; use $isNull`);
  }
  if (condition.$isNull !== undefined) {
    found.push({ sql: condition.$isNull ? "@ IS NULL" : "@ IS NOT NULL", params: [] });
  }
  if (condition.$in !== undefined) found.push(inList(condition.$in));
  if (found.length === 0)
    throw new UnderstudyError("invalid-request", "a condition on a column holds no operator");
  return found;
}

function valueOf(condition: Comparison, key: string): InputValue | undefined {
  for (const [name, value] of Object.entries(condition)) {
    if (name === key && value !== undefined && !Array.isArray(value)) return value;
  }
  return undefined;
}

/** `IN` finds no NULL by itself, though the list may hold one. */
function inList(values: readonly InputValue[]): BuiltStatement {
  const params = values.filter((value) => value !== null);
  const parts: string[] = [];
  if (params.length > 0) parts.push(`@ IN (${params.map(() => "?").join(", ")})`);
  if (params.length < values.length) parts.push("@ IS NULL");
  if (parts.length === 0) throw new UnderstudyError("invalid-request", "$in needs at least one value");
  return { sql: `(${parts.join(" OR ")})`, params };
}

function wrongParameter(message: string, parameter: string): UnderstudyError {
  return new UnderstudyError("invalid-request", message, { details: { parameter } });
}
