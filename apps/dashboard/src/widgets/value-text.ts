import type { ComparisonInput, RecordInput, Value, WhereInput } from "@understudy/client";

/** What a text was read as, or what is wrong with it in one sentence. */
export type Parsed<T> = { readonly value: T } | { readonly error: string };

const PAIR =
  /\s*(`[^`]+`|[^\s=<>!,]+)\s*(=|!=|<>|<=|>=|<|>)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.|'')*'|[^,]*)\s*(?:,|$)/y;

const COMPARISONS: Readonly<Record<string, keyof ComparisonInput>> = {
  "=": "$eq",
  "!=": "$ne",
  "<>": "$ne",
  "<": "$lt",
  ">": "$gt",
  "<=": "$lte",
  ">=": "$gte",
};

interface Pair {
  readonly column: string;
  readonly operator: string;
  readonly value: Value;
}

/** A row as `id=1, name='Ada'` or as JSON. Bare values are numbers, `true`, `false`, `null`, else text. */
export function parseRecord(text: string): Parsed<RecordInput> {
  if (text.trimStart().startsWith("{")) return parsedJson<RecordInput>(text);
  const pairs = parsePairs(text);
  if ("error" in pairs) return pairs;
  const odd = pairs.value.find(({ operator }) => operator !== "=");
  if (odd) return { error: `${odd.column} takes "=", not "${odd.operator}".` };
  return { value: Object.fromEntries(pairs.value.map(({ column, value }) => [column, value])) };
}

/** A condition as `id=1, age>=18`, all of which must hold, or as JSON of the API's `where`. */
export function parseWhere(text: string): Parsed<WhereInput> {
  if (text.trimStart().startsWith("{")) return parsedJson<WhereInput>(text);
  const pairs = parsePairs(text);
  if ("error" in pairs) return pairs;
  const where: Record<string, ComparisonInput> = {};
  for (const { column, operator, value } of pairs.value) {
    const isNull =
      value === null ? { $isNull: operator === "=" } : { [COMPARISONS[operator] ?? "$eq"]: value };
    where[column] = { ...where[column], ...isNull };
  }
  return { value: where };
}

/** What is wrong with a text for {@link parseRecord}; null where nothing is. */
export function recordFault(text: string): string | null {
  const parsed = parseRecord(text);
  return "error" in parsed ? parsed.error : null;
}

/** What is wrong with a text for {@link parseWhere}; null where nothing is. */
export function whereFault(text: string): string | null {
  const parsed = parseWhere(text);
  return "error" in parsed ? parsed.error : null;
}

/** A value as a person writes it. Numbers that JavaScript can't carry exactly, or with leading zeros, stay text. */
export function parseValue(text: string): Value {
  const trimmed = text.trim();
  const quote = trimmed.charAt(0);
  if (trimmed.length > 1 && (quote === "'" || quote === '"') && trimmed.endsWith(quote)) {
    const inner = trimmed.slice(1, -1);
    return inner.replaceAll(/\\(.)|''/gs, (all, one: string | undefined) => one ?? all.charAt(0));
  }
  if (/^null$/i.test(trimmed)) return null;
  if (/^(true|false)$/i.test(trimmed)) return trimmed.toLowerCase() === "true";
  return String(Number(trimmed)) === trimmed &&
    Number.isFinite(Number(trimmed)) &&
    Math.abs(Number(trimmed)) <= Number.MAX_SAFE_INTEGER
    ? Number(trimmed)
    : trimmed;
}

function parsePairs(text: string): Parsed<readonly Pair[]> {
  const pairs: Pair[] = [];
  let at = 0;
  while (at < text.length && text.slice(at).trim() !== "") {
    PAIR.lastIndex = at;
    const match = PAIR.exec(text);
    if (!match) return { error: `"${text.slice(at).trim()}" is no column=value.` };
    const [, column = "", operator = "", value = ""] = match;
    pairs.push({ column: column.replaceAll("`", ""), operator, value: parseValue(value) });
    at = PAIR.lastIndex;
  }
  return pairs.length === 0 ? { error: "At least one column=value is needed." } : { value: pairs };
}

function parsedJson<T extends object>(text: string): Parsed<T> {
  try {
    const json: unknown = JSON.parse(text);
    // The node checks the columns and values; here it only has to be an object.
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return { value: json as T };
    return { error: "The JSON must be an object." };
  } catch (error) {
    return { error: `This is no JSON: ${error instanceof Error ? error.message : ""}` };
  }
}
