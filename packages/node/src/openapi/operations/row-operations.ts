import { ChangeAnswer, InsertAnswer, QueryAnswer, type ErrorCode } from "@understudy/protocol";
import { ERRORS_OF_READ, ERRORS_OF_WRITE, json, type OperationTable } from "../operation.ts";
import { RECEIPT, ROWS_ANSWER } from "./example-answers.ts";

const USERS = { database: "mydb", table: "users" } as const;
const OF_TABLE: readonly ErrorCode[] = [
  "unknown-database",
  "unknown-table",
  "unknown-column",
  "sql-syntax",
  "not-allowed",
  "invalid-value",
];
const OF_CHANGE: readonly ErrorCode[] = [...ERRORS_OF_WRITE, ...OF_TABLE, "constraint"];
const SELECT_ERRORS: readonly ErrorCode[] = [...ERRORS_OF_READ, ...OF_TABLE, "too-many-rows"];

/** What is told of `POST /insert`, `/update`, `/delete`, `/select` and `GET /select`. */
export const ROW_OPERATIONS: OperationTable = {
  "POST /insert": {
    tag: "Rows",
    summary: "Insert rows",
    description:
      "Either one `record` or a list of `records`, which one statement inserts. `onDuplicate` says what happens where a unique key exists: `error`, `ignore` (keep the old row), `update` (the new values replace the old).",
    requests: {
      "One row": { ...USERS, record: { id: 1, name: "Ada" } },
      "Several rows": {
        ...USERS,
        records: [
          { id: 2, name: "Alan" },
          { id: 3, name: null },
        ],
        onDuplicate: "update",
      },
    },
    status: 201,
    answers: "How many rows changed, the first id that the table gave, and where it is",
    content: json(InsertAnswer, { affectedRows: 1, insertId: null, ...RECEIPT }),
    errors: [...OF_CHANGE, "duplicate-key"],
    takesKey: true,
  },
  "POST /update": {
    tag: "Rows",
    summary: "Update rows",
    description:
      "`where` is an object of column → value, or column → operators, all of which must hold; or SQL text with its own parameters. Without it the update is refused, unless `all` is true.",
    requests: {
      "By value": { ...USERS, set: { name: "Augusta Ada" }, where: { id: 1 } },
      "By operators": { ...USERS, set: { name: null }, where: { id: { $gte: 2, $lt: 10 } } },
      "By SQL": {
        ...USERS,
        set: { name: "nobody" },
        where: { sql: "name IS NULL OR id > ?", params: [100] },
      },
    },
    answers: "How many rows it changed, and where it is",
    content: json(ChangeAnswer, { affectedRows: 1, ...RECEIPT }),
    errors: [...OF_CHANGE, "missing-where", "duplicate-key"],
    takesKey: true,
  },
  "POST /delete": {
    tag: "Rows",
    summary: "Delete rows",
    description: "`where` as in `POST /update`; without it the deletion is refused, unless `all` is true.",
    requests: {
      "Some rows": { ...USERS, where: { id: { $in: [2, 3] } }, limit: 10 },
      "All rows": { ...USERS, all: true },
    },
    answers: "How many rows are gone, and where it is",
    content: json(ChangeAnswer, { affectedRows: 2, ...RECEIPT }),
    errors: [...OF_CHANGE, "missing-where"],
    takesKey: true,
  },
  "POST /select": {
    tag: "Rows",
    summary: "Read rows",
    requests: {
      "By operators": {
        ...USERS,
        columns: ["id", "name"],
        where: { name: { $like: "A%" } },
        orderBy: [{ column: "id", direction: "desc" }],
        limit: 10,
      },
      "At most a second old": { ...USERS, consistency: "bounded", maxLagMs: 1000 },
    },
    answers: "The rows, each value typed by its column, and the position that they are of",
    content: json(QueryAnswer, ROWS_ANSWER),
    errors: SELECT_ERRORS,
  },
  "GET /select": {
    tag: "Rows",
    summary: "Read rows, asked for in the query string",
    description:
      "As `POST /select`: `columns` are names separated by commas, `orderBy` is `name` or `name:desc`, separated by commas, `where` is JSON.",
    parameters: {
      ...USERS,
      columns: "id,name",
      where: '{"id": {"$gt": 0}}',
      orderBy: "id:desc",
      limit: 10,
    },
    answers: "As of `POST /select`",
    content: json(QueryAnswer, ROWS_ANSWER),
    errors: SELECT_ERRORS,
  },
};
