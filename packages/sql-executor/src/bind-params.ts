import { UnderstudyError, type InputValue, type Params } from "@understudy/protocol";
import { SqlLexer } from "./sql-lexer.ts";
import { sqlLiteral } from "./sql-literal.ts";

/** Where a placeholder stands in a text. */
export interface Placeholder {
  readonly start: number;
  readonly end: number;
  /** Null for a positional one. */
  readonly name: string | null;
}

/** The placeholders of a text, in order: those outside strings, quoted names and comments. */
export function findPlaceholders(sql: string): Placeholder[] {
  const found: Placeholder[] = [];
  const lexer = new SqlLexer(sql);
  while (lexer.next()) {
    const { start, end } = lexer;
    if (lexer.kind === "placeholder") found.push({ start, end, name: null });
    if (lexer.kind === "named-placeholder") found.push({ start, end, name: sql.slice(start + 1, end) });
  }
  return found;
}

/**
 * The text with each placeholder replaced by the literal of its value. Named ones count only where `params` is an object,
 * since a colon has other uses in SQL. Throws `invalid-request` for a missing or left-over parameter, `invalid-value`.
 */
export function bindParams(
  sql: string,
  params: Params | undefined,
  placeholders: readonly Placeholder[] = findPlaceholders(sql),
): string {
  const named = params !== undefined && !Array.isArray(params);
  const wanted = placeholders.filter(({ name }) => named || name === null);
  return named ? bindNamed(sql, params, wanted) : bindPositional(sql, params ?? [], wanted);
}

function bindPositional(sql: string, values: readonly InputValue[], wanted: readonly Placeholder[]): string {
  if (values.length !== wanted.length) {
    const parameter = Math.min(values.length, wanted.length) + 1;
    throw new UnderstudyError(
      "invalid-request",
      `the statement has ${wanted.length} placeholders (?), but ${values.length} parameters were given`,
      { details: { parameter } },
    );
  }
  return splice(sql, wanted, (_, index) => sqlLiteral(values[index] ?? null, String(index + 1)));
}

function bindNamed(
  sql: string,
  values: Readonly<Record<string, InputValue>>,
  wanted: readonly Placeholder[],
): string {
  const left = new Set(Object.keys(values));
  const literals = new Map<string, string>();
  const bound = splice(sql, wanted, ({ name }) => {
    if (name === null) {
      throw new UnderstudyError("invalid-request", "the statement mixes ? with named parameters");
    }
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw missing(name);
    left.delete(name);
    let literal = literals.get(name);
    if (literal === undefined) literals.set(name, (literal = sqlLiteral(value, name)));
    return literal;
  });
  const [surplus] = left;
  if (surplus !== undefined) {
    throw new UnderstudyError("invalid-request", `the statement has no placeholder :${surplus}`, {
      details: { parameter: surplus },
    });
  }
  return bound;
}

function missing(name: string): UnderstudyError {
  return new UnderstudyError("invalid-request", `no parameter was given for :${name}`, {
    details: { parameter: name },
  });
}

/** Blanks around each literal keep it from growing together with its neighbours (`SELECT?`, `1 -?` with a negative number). */
function splice(
  sql: string,
  placeholders: readonly Placeholder[],
  literalOf: (placeholder: Placeholder, index: number) => string,
): string {
  if (placeholders.length === 0) return sql;
  const parts: string[] = [];
  let at = 0;
  placeholders.forEach((placeholder, index) => {
    parts.push(sql.slice(at, placeholder.start), " ", literalOf(placeholder, index), " ");
    at = placeholder.end;
  });
  parts.push(sql.slice(at));
  return parts.join("");
}
