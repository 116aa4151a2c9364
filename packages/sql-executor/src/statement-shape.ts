import { UnderstudyError } from "@understudy/protocol";
import type { Placeholder } from "./bind-params.ts";
import { SqlLexer } from "./sql-lexer.ts";
import { TargetSchemas } from "./target-schemas.ts";

/** What the guard has to know of a statement, from one pass over its tokens. Words are in upper case. */
export interface StatementShape {
  /** The text to send: what was analysed, without the semicolon at its end. */
  readonly sql: string;
  /** First word, opening parentheses skipped. Empty where there is none. */
  readonly verb: string;
  /** The word after it. */
  readonly second: string;
  /** Of `WITH …` and `EXPLAIN …`: the verb of the statement inside. Else as `verb`. */
  readonly mainVerb: string;
  /** Of CREATE, ALTER, DROP and RENAME: TABLE, DATABASE, USER, FUNCTION … */
  readonly objectKind: string;
  /** Words that stand anywhere in it and matter to the guard. */
  readonly mentions: ReadonlySet<string>;
  /** It has INTO (as in INTO OUTFILE) outside a routine's body. */
  readonly hasInto: boolean;
  /** It ends in FOR UPDATE, FOR SHARE or LOCK IN SHARE MODE somewhere. */
  readonly hasLockingRead: boolean;
  /** It has `@`: variables, or the host of an account. */
  readonly hasVariables: boolean;
  /** The engine of a new or altered table, where it names one. */
  readonly engine: string | null;
  /** Schemas that are named for the tables it inserts into or refers to, as they are written. */
  readonly targetSchemas: ReadonlySet<string>;
  readonly placeholders: readonly Placeholder[];
}

const MAIN_VERBS = new Set(["SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "TABLE", "VALUES"]);
const OBJECT_KINDS = new Set(
  (
    "TABLE DATABASE SCHEMA VIEW INDEX PROCEDURE FUNCTION TRIGGER EVENT PACKAGE SEQUENCE USER ROLE SERVER TABLESPACE " +
    "UNDO LOGFILE RESOURCE SPATIAL INSTANCE LIBRARY CATALOG TABLES USERS"
  ).split(" "),
);
const ROUTINES = new Set(["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE", "LIBRARY"]);

/** Words that the guard looks for wherever they stand. */
const MENTIONS = new Set(
  (
    "GET_LOCK RELEASE_LOCK RELEASE_ALL_LOCKS LAST_INSERT_ID FOUND_ROWS SQL_CALC_FOUND_ROWS ROW_COUNT TEMPORARY " +
    "TO SONAME ANALYZE OUTFILE DUMPFILE RETURNING SQL_LOG_BIN LASTVAL"
  ).split(" "),
);

/**
 * Reads a statement. Throws `not-allowed` for several statements in one text, `sql-syntax` for a string, name or comment
 * that never ends, `invalid-request` for no statement at all. `sql` must have no executable comments.
 */
export function readShape(sql: string): StatementShape {
  if (sql.includes("\u0000")) {
    throw new UnderstudyError(
      "sql-syntax",
      "the statement holds a NUL character; pass such text as a parameter",
    );
  }
  if (!sql.isWellFormed())
    throw new UnderstudyError("sql-syntax", "the statement holds half of a surrogate pair");
  const reading = new ShapeReading(sql);
  const lexer = new SqlLexer(sql);
  while (lexer.next()) reading.take(lexer);
  return reading.finish();
}

class ShapeReading {
  readonly #sql: string;
  #verb = "";
  #second = "";
  #mainVerb = "";
  #objectKind = "";
  readonly #mentions = new Set<string>();
  #hasInto = false;
  #hasLockingRead = false;
  #hasVariables = false;
  #engine: string | null = null;
  #engineExpected: "" | "name" | "equals" = "";
  readonly #targets = new TargetSchemas();
  readonly #placeholders: Placeholder[] = [];
  #depth = 0;
  #semicolonAt = -1;
  /** Of the token before. */
  #before = "";
  #count = 0;

  constructor(sql: string) {
    this.#sql = sql;
  }

  take(token: SqlLexer): void {
    const { kind, start, end } = token;
    if (kind === "unterminated") {
      throw new UnderstudyError(
        "sql-syntax",
        "a string, a quoted name or a comment in the statement never ends",
      );
    }
    if (this.#semicolonAt >= 0 && !this.#isRoutine()) throw severalStatements();
    this.#count++;
    this.#semicolonAt = -1;
    this.#targets.take(token);
    let text = "";
    switch (kind) {
      case "word":
        text = token.word;
        // A word after a dot is a name, whatever it says.
        if (this.#before !== ".") this.#takeWord(text);
        break;
      case "punctuation":
        text = token.value;
        this.#takePunctuation(text, start);
        break;
      case "variable-mark":
        this.#hasVariables = true;
        break;
      case "placeholder":
        this.#placeholders.push({ start, end, name: null });
        break;
      case "named-placeholder":
        this.#placeholders.push({ start, end, name: token.value.slice(1) });
        break;
      default:
        if (this.#engineExpected !== "" && this.#before === "=")
          this.#engine = token.value.slice(1, -1).toUpperCase();
    }
    if (text === "" || (kind === "word" && text !== "ENGINE")) this.#engineExpected = "";
    this.#before = text;
  }

  finish(): StatementShape {
    if (this.#count === 0 || (this.#verb === "" && this.#before === ";")) {
      throw new UnderstudyError("invalid-request", "there is no statement in the text");
    }
    const sql =
      this.#semicolonAt >= 0 && !this.#isRoutine() ? this.#sql.slice(0, this.#semicolonAt) : this.#sql;
    return {
      sql,
      verb: this.#verb,
      second: this.#second,
      mainVerb: this.#mainVerb,
      objectKind: this.#objectKind,
      mentions: this.#mentions,
      hasInto: this.#hasInto,
      hasLockingRead: this.#hasLockingRead,
      hasVariables: this.#hasVariables,
      engine: this.#engine,
      targetSchemas: this.#targets.found,
      placeholders: this.#placeholders,
    };
  }

  #takeWord(word: string): void {
    if (this.#verb === "") {
      // A statement starts with its verb or with parentheses; anything else the server refuses.
      this.#verb = word;
      this.#mainVerb = word === "WITH" || isExplain(word) ? "" : word;
      return;
    }
    if (this.#second === "") this.#second = word;
    if (this.#objectKind === "" && OBJECT_KINDS.has(word)) this.#objectKind = word;
    // In `WITH x AS (SELECT …) DELETE …` what stands in parentheses is not yet the statement.
    const isOutside = this.#depth === 0 || isExplain(this.#verb);
    if (this.#mainVerb === "" && isOutside && MAIN_VERBS.has(word)) this.#mainVerb = word;
    // In a routine's body a temporary table is the routine's own affair.
    if (MENTIONS.has(word) && (word !== "TEMPORARY" || this.#objectKind === "")) this.#mentions.add(word);
    if (word === "INTO" && !this.#isRoutine() && !isInsert(this.#before)) this.#hasInto = true;
    if (this.#before === "FOR" && (word === "UPDATE" || word === "SHARE")) this.#hasLockingRead = true;
    if (this.#before === "LOCK" && word === "IN") this.#hasLockingRead = true;
    this.#takeEngine(word);
  }

  /** `ENGINE = x` among a table's options; inside parentheses ENGINE may be a column's name. */
  #takeEngine(word: string): void {
    if (this.#engineExpected !== "" && (this.#before === "=" || this.#before === "ENGINE")) {
      if (this.#before === "=" || NON_TRANSACTIONAL_ENGINES.has(word)) this.#engine = word;
    }
    if (word === "ENGINE" && this.#depth === 0 && this.#objectKind === "TABLE") this.#engineExpected = "name";
  }

  #takePunctuation(char: string, start: number): void {
    if (char === "(") this.#depth++;
    else if (char === ")") this.#depth--;
    else if (char === ";") this.#semicolonAt = start;
  }

  /** A routine's body holds statements of its own; the server takes the text as one. */
  #isRoutine(): boolean {
    return (this.#verb === "CREATE" || this.#verb === "ALTER") && ROUTINES.has(this.#objectKind);
  }
}

/** Engines whose changes a rollback leaves behind, so that a replica can't apply them exactly once. */
export const NON_TRANSACTIONAL_ENGINES: ReadonlySet<string> = new Set(
  (
    "MYISAM MEMORY HEAP ARIA CSV ARCHIVE BLACKHOLE MERGE MRG_MYISAM FEDERATED CONNECT SPIDER S3 MROONGA OQGRAPH " +
    "SPHINX COLUMNSTORE EXAMPLE PERFORMANCE_SCHEMA"
  ).split(" "),
);

function isExplain(verb: string): boolean {
  return verb === "EXPLAIN" || verb === "DESCRIBE" || verb === "DESC" || verb === "ANALYZE";
}

/** `INSERT INTO`, `REPLACE INTO` and their modifiers. */
function isInsert(word: string): boolean {
  return ["INSERT", "REPLACE", "IGNORE", "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED"].includes(word);
}

function severalStatements(): UnderstudyError {
  return new UnderstudyError(
    "not-allowed",
    "one statement a call: there is more after the semicolon; send several statements to /batch",
  );
}
