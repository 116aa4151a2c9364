import {
  DatabaseAnswer,
  DatabaseDescription,
  DatabasesAnswer,
  TableAnswer,
  TableDescription,
  TablesAnswer,
  type ErrorCode,
} from "@understudy/protocol";
import { ERRORS_OF_ROLE, ERRORS_OF_WRITE, json, type OperationTable } from "../operation.ts";
import { RECEIPT } from "./example-answers.ts";

const LOOK_ERRORS: readonly ErrorCode[] = [...ERRORS_OF_ROLE, "timeout"];

/** What is told of the routes that make, drop and describe databases and tables. */
export const DATABASE_OPERATIONS: OperationTable = {
  "POST /createdb": {
    tag: "Databases",
    summary: "Create a database",
    requests: {
      "As the server does by itself": { name: "mydb" },
      "With a collation": {
        name: "mydb",
        ifNotExists: true,
        charset: "utf8mb4",
        collation: "utf8mb4_general_ci",
      },
    },
    status: 201,
    answers: "It is there",
    content: json(DatabaseAnswer, { database: "mydb", ...RECEIPT }),
    errors: [...ERRORS_OF_WRITE, "already-exists", "not-allowed", "invalid-value", "sql-syntax"],
    takesKey: true,
  },
  "POST /dropdb": {
    tag: "Databases",
    summary: "Drop a database with all its tables",
    requests: { "Where it is there": { name: "mydb", ifExists: true } },
    answers: "It is gone",
    content: json(DatabaseAnswer, { database: "mydb", ...RECEIPT }),
    errors: [...ERRORS_OF_WRITE, "unknown-database", "not-allowed", "constraint"],
    takesKey: true,
  },
  "POST /createtable": {
    tag: "Databases",
    summary: "Create a table",
    description:
      "`columns` is SQL text or a list. Give each table a primary key: without one, a slave finds each changed row by a scan of the table.",
    requests: {
      "Columns as SQL": {
        database: "mydb",
        table: "users",
        columns: "id INT PRIMARY KEY, name VARCHAR(255)",
      },
      "Columns as a list": {
        database: "mydb",
        table: "accounts",
        columns: [
          { name: "id", type: "INT", primaryKey: true, autoIncrement: true },
          { name: "amount", type: "DECIMAL(12,2)", nullable: false, default: 0 },
        ],
        ifNotExists: true,
      },
    },
    status: 201,
    answers: "It is there",
    content: json(TableAnswer, { database: "mydb", table: "users", ...RECEIPT }),
    errors: [
      ...ERRORS_OF_WRITE,
      "already-exists",
      "unknown-database",
      "unknown-table",
      "unknown-column",
      "sql-syntax",
      "not-allowed",
      "invalid-value",
      "constraint",
    ],
    takesKey: true,
  },
  "POST /droptable": {
    tag: "Databases",
    summary: "Drop a table",
    requests: { "Where it is there": { database: "mydb", table: "users", ifExists: true } },
    answers: "It is gone",
    content: json(TableAnswer, { database: "mydb", table: "users", ...RECEIPT }),
    errors: [...ERRORS_OF_WRITE, "unknown-database", "unknown-table", "not-allowed", "constraint"],
    takesKey: true,
  },
  "GET /databases": {
    tag: "Databases",
    summary: "List the databases",
    description: "The system's own and the cluster's own are neither listed nor reachable.",
    answers: "Their names, sorted",
    content: json(DatabasesAnswer, { databases: ["mydb"] }),
    errors: LOOK_ERRORS,
  },
  "GET /databases/:database": {
    tag: "Databases",
    summary: "Describe a database",
    parameters: { database: "mydb" },
    answers: "Its character set, how many tables it has and how large they are",
    content: json(DatabaseDescription, {
      database: "mydb",
      charset: "utf8mb4",
      collation: "utf8mb4_general_ci",
      tableCount: 2,
      sizeBytes: 32_768,
    }),
    errors: [...LOOK_ERRORS, "not-found"],
  },
  "GET /databases/:database/tables": {
    tag: "Databases",
    summary: "List the tables of a database",
    parameters: { database: "mydb" },
    answers: "Its tables and views, with what the server estimates of them",
    content: json(TablesAnswer, {
      database: "mydb",
      tables: [
        {
          name: "users",
          kind: "table",
          engine: "InnoDB",
          rowsEstimate: 3,
          sizeBytes: 16_384,
          hasPrimaryKey: true,
        },
      ],
    }),
    errors: [...LOOK_ERRORS, "not-found"],
  },
  "GET /databases/:database/tables/:table": {
    tag: "Databases",
    summary: "Describe a table",
    parameters: { database: "mydb", table: "users" },
    answers: "Its columns, its indexes and the statement that would make it",
    content: json(TableDescription, {
      database: "mydb",
      table: "users",
      columns: [
        { name: "id", type: "int(11)", nullable: false, default: null, key: "PRI", extra: "" },
        { name: "name", type: "varchar(255)", nullable: true, default: null, key: "", extra: "" },
      ],
      indexes: [{ name: "PRIMARY", unique: true, columns: ["id"] }],
      rowsEstimate: 3,
      createStatement: "CREATE TABLE `users` (…)",
    }),
    errors: [...LOOK_ERRORS, "not-found"],
  },
};
