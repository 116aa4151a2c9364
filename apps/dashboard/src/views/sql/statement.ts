/** Words with which a statement that changes nothing begins; `(` begins a query in brackets. */
const QUERY_WORDS: ReadonlySet<string> = new Set([
  "SELECT",
  "SHOW",
  "DESCRIBE",
  "DESC",
  "EXPLAIN",
  "TABLE",
  "VALUES",
  "(",
]);

/** What a statement is, as far as its words tell; the node has the last say. */
export interface Statement {
  /** To be sent: without the `;` at its end. */
  readonly sql: string;
  /** In capitals; empty for a text without a statement. */
  readonly word: string;
  /** Where it is sent. */
  readonly path: "/query" | "/execute";
  /** What is lost by it, in one sentence; null where it is to be run at once. */
  readonly danger: string | null;
  /** To be typed before something dangerous is done: the name of what it is done to, or the statement's word. */
  readonly confirm: string;
}

/** Reads what a person has written. */
export function statementOf(text: string): Statement {
  const sql = text.trim().replace(/(?:\s*;)+$/, "");
  const bare = bareOf(sql);
  const word = /^(?:\(|[A-Za-z]+)/.exec(bare)?.[0].toUpperCase() ?? "";
  // `WITH … SELECT` is a query, `WITH … DELETE` is not.
  const main =
    word === "WITH"
      ? (/\b(?:SELECT|TABLE|VALUES|INSERT|REPLACE|UPDATE|DELETE)\b/i
          .exec(outermost(bare))?.[0]
          .toUpperCase() ?? "")
      : word;
  const danger = dangerOf(main, outermost(bare));
  return {
    sql,
    word: main,
    path: QUERY_WORDS.has(main) ? "/query" : "/execute",
    danger,
    confirm: danger === null ? "" : (nameIn(sql, main) ?? main),
  };
}

/** Texts and names in quotes; comments, but for those out of which a server reads. */
const QUOTED = /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`[^`]*`/;
const COMMENT = /--(?:\s[^\n]*|$)|#[^\n]*|\/\*(?!M?!)[^]*?\*\//;
const ASIDE = new RegExp(`(${QUOTED.source})|${COMMENT.source}`, "gm");

/** The statement with `x` for what is in quotes, and without comments. */
function bareOf(sql: string): string {
  return sql
    .replaceAll(ASIDE, (_, quoted: string | undefined) => (quoted === undefined ? " " : " x "))
    .replaceAll(/\/\*M?!\d*|\*\//g, " ")
    .trim();
}

/** Without what stands in brackets: a `WHERE` there is another's. */
function outermost(bare: string): string {
  let depth = 0;
  let text = "";
  for (const character of bare) {
    if (character === "(") depth += 1;
    else if (character === ")") depth = Math.max(0, depth - 1);
    else if (depth === 0) text += character;
  }
  return text;
}

function dangerOf(word: string, outer: string): string | null {
  switch (word) {
    case "DROP":
      return "What it drops is gone, on every node. There is no way back.";
    case "TRUNCATE":
      return "All rows of the table are gone, on every node. There is no way back.";
    case "ALTER":
      return /\bDROP\b/i.test(outer) ? "What it drops is gone, on every node. There is no way back." : null;
    case "DELETE":
      return /\bWHERE\b/i.test(outer) ? null : "It has no WHERE: every row is deleted, on every node.";
    case "UPDATE":
      return /\bWHERE\b/i.test(outer) ? null : "It has no WHERE: every row is changed, on every node.";
    default:
      return null;
  }
}

/** The last part of the name that the statement is about; null where it is not plain. */
function nameIn(sql: string, word: string): string | null {
  const part = "(?:`[^`]+`|[\\w$\\u0080-\\uFFFF]+)";
  const kinds = "TABLE|DATABASE|SCHEMA|VIEW|INDEX|PROCEDURE|FUNCTION|TRIGGER|EVENT|SEQUENCE";
  const before = `(?:(?:${kinds})\\s+)?(?:FROM\\s+)?(?:IF\\s+EXISTS\\s+)?`;
  const found = new RegExp(`^${word}\\s+${before}(${part}(?:\\s*\\.\\s*${part})?)`, "iu").exec(sql)?.[1];
  const name = found?.split(".").at(-1)?.trim().replaceAll("`", "");
  return name === undefined || name === "" ? null : name;
}

/** Where the database server stumbled, by its own words: an offset into `sql`; null where it does not say. */
export function syntaxPlace(sql: string, sentence: string): number | null {
  const found = /near '([^]*)' at line (\d+)/.exec(sentence);
  if (!found) return null;
  const lines = sql.split("\n");
  const line = Number(found[2]) - 1;
  const start = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0);
  const near = found[1] ?? "";
  // It stumbled at the end.
  if (near === "") return sql.length;
  const at = sql.indexOf(near, start);
  return at === -1 ? Math.min(start, sql.length) : at;
}
