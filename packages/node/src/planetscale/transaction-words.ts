import { ISOLATION_LEVELS } from "@understudy/protocol";

/** A statement that begins or ends a transaction, or says how the next one is to be. */
export type TransactionWord =
  | { readonly kind: "begin" | "commit" | "rollback" }
  | { readonly kind: "isolation"; readonly level: (typeof ISOLATION_LEVELS)[number] };

const BEGIN = /^(?:begin(?:\s+work)?|start\s+transaction)$/i;
const COMMIT = /^commit(?:\s+work)?$/i;
const ROLLBACK = /^rollback(?:\s+work)?$/i;
const ISOLATION = /^set\s+transaction\s+isolation\s+level\s+(\w+(?:\s+\w+)?)$/i;
/** None of these statements is longer, comments aside. */
const CHARACTERS_MAX = 1000;

/** Null for every other statement. */
export function transactionWordOf(sql: string): TransactionWord | null {
  if (sql.length > CHARACTERS_MAX) return null;
  const text = withoutSurroundings(sql);
  if (BEGIN.test(text)) return { kind: "begin" };
  if (COMMIT.test(text)) return { kind: "commit" };
  if (ROLLBACK.test(text)) return { kind: "rollback" };
  const wanted = ISOLATION.exec(text)?.[1]?.toLowerCase().replaceAll(/\s+/g, "-");
  const level = ISOLATION_LEVELS.find((known) => known === wanted);
  return level === undefined ? null : { kind: "isolation", level };
}

/** Drops what tools put around a statement: comments, blanks, a semicolon. */
function withoutSurroundings(sql: string): string {
  let text = sql.trim();
  while (isComment(text, 0) && text.includes("*/")) text = text.slice(text.indexOf("*/") + 2).trimStart();
  for (;;) {
    if (text.endsWith(";")) text = text.slice(0, -1).trimEnd();
    const start = text.endsWith("*/") ? text.lastIndexOf("/*") : -1;
    if (start < 0 || !isComment(text, start)) return text;
    text = text.slice(0, start).trimEnd();
  }
}

/** False for `/*!`, which the server executes. */
function isComment(text: string, at: number): boolean {
  return text.startsWith("/*", at) && text[at + 2] !== "!";
}
