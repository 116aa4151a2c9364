import { UnderstudyError } from "@understudy/protocol";
import { SqlLexer } from "./sql-lexer.ts";

/**
 * Proves that a piece of SQL stays inside the parentheses that it will be put into: balanced, without comments,
 * semicolons or open ends. `place` names it in the error. Throws `invalid-request`.
 */
export function requireBalanced(sql: string, place: string): void {
  const lexer = new SqlLexer(sql);
  let depth = 0;
  let tokens = 0;
  while (lexer.next()) {
    tokens++;
    if (lexer.kind === "unterminated") throw stray(place, "a string, a quoted name or a comment never ends");
    if (lexer.kind !== "punctuation") continue;
    const char = lexer.value;
    if (char === ";") throw stray(place, "there is a semicolon");
    if (char === "(") depth++;
    if (char === ")" && --depth < 0) throw stray(place, "a parenthesis is closed that was not opened");
  }
  if (depth > 0) throw stray(place, "a parenthesis is not closed");
  if (lexer.commentCount > 0) throw stray(place, "there is a comment");
  if (sql.includes("\u0000")) throw stray(place, "there is a NUL character");
  if (tokens === 0) throw stray(place, "there is nothing");
}

function stray(place: string, reason: string): UnderstudyError {
  return new UnderstudyError("invalid-request", `${place} is not usable: ${reason}`);
}
