import type { WhereInput } from "@understudy/client";
import { parseWhere, type Parsed } from "../../widgets/value-text.ts";

/** Words and signs that only SQL has: with one of them outside of quotes a text is no list of `column=value`. */
const SQL_SIGNS = /\b(?:and|or|not|like|in|between|is|regexp|rlike|xor|exists)\b|[()+*/%?]/i;

/**
 * A filter as it is typed. `id>=1, name='Ada'` and the API's JSON (`{"sql": "name LIKE ?", "params": ["A%"]}`) go out with their values
 * apart from SQL; all else is taken as an SQL condition, of which the node sees to it that it is a condition and no more.
 */
export function whereOf(text: string): Parsed<WhereInput | undefined> {
  const trimmed = text.trim();
  if (trimmed === "") return { value: undefined };
  if (trimmed.startsWith("{")) return parseWhere(trimmed);
  const bare = trimmed.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.|'')*'|`[^`]*`/g, "x");
  if (SQL_SIGNS.test(bare)) return { value: { sql: trimmed } };
  const parsed = parseWhere(trimmed);
  return "error" in parsed ? { value: { sql: trimmed } } : parsed;
}
