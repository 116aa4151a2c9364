import { BatchAnswer, ExecuteAnswer, NDJSON_MEDIA_TYPE, QueryAnswer } from "@understudy/protocol";
import {
  ERRORS_OF_READ,
  ERRORS_OF_SQL,
  ERRORS_OF_WRITE,
  json,
  type AnswerContent,
  type OperationTable,
} from "../operation.ts";
import { numberColumn, RECEIPT, ROWS_ANSWER, USER_COLUMNS } from "./example-answers.ts";

const STREAM: AnswerContent = {
  example: [
    JSON.stringify({ columns: USER_COLUMNS }),
    JSON.stringify({ id: 1, name: "Ada" }),
    JSON.stringify({ rowCount: 1, position: "1:0-1-11", timeMs: 0.412 }),
    "",
  ].join("\n"),
};

/** What is told of `POST /query`, `/execute` and `/batch`. */
export const SQL_OPERATIONS: OperationTable = {
  "POST /query": {
    tag: "SQL",
    summary: "Run one statement that only reads",
    description:
      "`SELECT`, `SHOW`, `DESCRIBE`, `EXPLAIN`, `WITH … SELECT`, `TABLE`, `VALUES`, in a read-only transaction under an account that can't write, whatever the text calls. With `Accept: application/x-ndjson` the rows are streamed without a limit: a line with the columns, a line for each row, and a last line with `rowCount`, or with `error` where it broke off.",
    requests: {
      "Positional parameters": {
        sql: "SELECT id, name FROM users WHERE id = ?",
        params: [1],
        database: "mydb",
      },
      "Named parameters, rows as arrays": {
        sql: "SELECT id, name FROM mydb.users WHERE name LIKE :pattern",
        params: { pattern: "A%" },
        rows: "arrays",
      },
      "Read your own write on any node": {
        sql: "SELECT id, name FROM mydb.users",
        after: "1:0-1-12",
        waitMs: 2000,
      },
      "See every confirmed write": { sql: "SELECT COUNT(*) AS n FROM mydb.users", consistency: "strong" },
    },
    answers: "The rows, each value typed by its column, and the position that they are of",
    content: { ...json(QueryAnswer, ROWS_ANSWER), [NDJSON_MEDIA_TYPE]: STREAM },
    errors: [...ERRORS_OF_READ, ...ERRORS_OF_SQL, "not-a-query", "too-many-rows"],
  },
  "POST /execute": {
    tag: "SQL",
    summary: "Run one statement that changes something",
    description:
      "`INSERT`, `UPDATE`, `CREATE`, `ALTER`, `CALL` and the like, committed by itself. Runs on the master; a slave passes it on. What a session keeps does not outlive the call, and statements whose only use is that are `not-allowed`.",
    requests: {
      "Insert a row": {
        sql: "INSERT INTO users (id, name) VALUES (:id, :name)",
        params: { id: 2, name: "Alan" },
        database: "mydb",
      },
      "Numbers beyond 2^53, bytes": {
        sql: "INSERT INTO mydb.files (size, content) VALUES (?, ?)",
        params: [
          { $type: "bigint", value: "9007199254740993" },
          { $type: "blob", value: "3q2+7w==" },
        ],
      },
      "Wait until a majority has it": {
        sql: "DELETE FROM mydb.users WHERE id = 2",
        ack: "majority",
        ackTimeoutMs: 2000,
      },
    },
    answers: "What it changed, and where it is",
    content: json(ExecuteAnswer, { affectedRows: 1, insertId: null, warnings: [], ...RECEIPT }),
    errors: [...ERRORS_OF_WRITE, ...ERRORS_OF_SQL, "duplicate-key", "constraint", "already-exists"],
    takesKey: true,
  },
  "POST /batch": {
    tag: "SQL",
    summary: "Run several statements as one transaction",
    description:
      "All of them take effect, or none. Queries are allowed among them, statements that commit by themselves (DDL, `CALL`) are not. An error names the statement that it is of as `statementIndex`, counted from 0.",
    requests: {
      "A transfer": {
        database: "mydb",
        statements: [
          { sql: "UPDATE accounts SET amount = amount - ? WHERE id = ?", params: [10, 1] },
          { sql: "UPDATE accounts SET amount = amount + ? WHERE id = ?", params: [10, 2] },
          { sql: "SELECT id, amount FROM accounts" },
        ],
        isolation: "repeatable-read",
      },
    },
    answers: "What each statement did, in their order",
    content: json(BatchAnswer, {
      results: [
        { affectedRows: 1, insertId: null, warnings: [] },
        { affectedRows: 1, insertId: null, warnings: [] },
        {
          columns: [numberColumn("id", "INT"), numberColumn("amount", "DECIMAL")],
          rows: [
            { id: 1, amount: "90.00" },
            { id: 2, amount: "110.00" },
          ],
          rowCount: 2,
        },
      ],
      ...RECEIPT,
    }),
    errors: [...ERRORS_OF_WRITE, ...ERRORS_OF_SQL, "duplicate-key", "constraint", "too-many-rows"],
    takesKey: true,
  },
};
