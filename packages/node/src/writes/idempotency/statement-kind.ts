/** Statements that commit by themselves and are all or nothing where the server refuses or ends them. */
const ATOMIC = ["CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE"] as const;

/** What a statement that commits by itself is, for people; anything that is not plainly one of {@link ATOMIC} goes by `CALL`'s rules. */
export type StatementKind = (typeof ATOMIC)[number] | "CALL";

/** Blanks and comments that may stand before the first word. Executable comments are words. */
const BEFORE_FIRST_WORD = /^(?:\s|\/\*(?!!|M!)[\s\S]*?\*\/|--\s[^\n]*(?:\n|$)|#[^\n]*(?:\n|$))*/;

/** The kind of a statement of which `commitsByItself` is true. */
export function statementKindOf(sql: string): StatementKind {
  const text = sql.replace(BEFORE_FIRST_WORD, "");
  const word = /^[A-Za-z]+/.exec(text)?.[0].toUpperCase();
  return ATOMIC.find((verb) => verb === word) ?? "CALL";
}
