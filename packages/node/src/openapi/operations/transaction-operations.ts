import {
  BeginAnswer,
  CommitAnswer,
  TransactionAnswer,
  TransactionExecuteAnswer,
  TransactionQueryAnswer,
} from "@understudy/protocol";
import {
  ERRORS_OF_READ,
  ERRORS_OF_SQL,
  ERRORS_OF_WRITE,
  json,
  type Operation,
  type OperationTable,
} from "../operation.ts";
import { RECEIPT, ROWS_ANSWER, USER_COLUMNS } from "./example-answers.ts";

const ID = "k0Zq1vB7mJrT3c9YxWf2HQGa6l4T0mZrQ8yN5sVtEo1uXw7LpD2h";
const EXPIRES_AT = "2026-11-23T10:00:05.000Z";
const parameters = { id: ID };
const ENDED = ["not-found", "transaction-expired"] as const;
const HOW_IT_ENDS =
  'After an error that undid the whole transaction (`deadlock`, `timeout`, `database-unavailable`), which then says `transaction: "rolled-back"`, it has ended.';

const BEGIN: Operation = {
  tag: "Transactions",
  summary: "Begin a transaction that stays open between calls",
  description:
    "It runs on the master, and can be used through any node. It is rolled back where nothing is sent for `idleTimeoutMs` (a running statement is not idle), after `maxMs` in all, and with the master's end; its locks go at once. At most `UNDERSTUDY_TRANSACTIONS_MAX` are open at a time.",
  requests: {
    "With a database and an isolation level": {
      database: "mydb",
      isolation: "repeatable-read",
      idleTimeoutMs: 5000,
      maxMs: 30_000,
    },
  },
  status: 201,
  answers: "Its id, which only its client should know",
  content: json(BeginAnswer, { id: ID, expiresAt: EXPIRES_AT }),
  errors: [...ERRORS_OF_WRITE, "unknown-database"],
};

/** What is told of `POST /transactions` and what is below it. */
export const TRANSACTION_OPERATIONS: OperationTable = {
  "POST /transactions": BEGIN,
  "POST /transactions/:id/query": {
    tag: "Transactions",
    summary: "Run a query in the transaction",
    description: `It sees what the transaction has changed; locking reads are allowed. Calls run one at a time, in the order in which they come. ${HOW_IT_ENDS}`,
    parameters,
    requests: {
      "A row, locked": { sql: "SELECT id, name FROM users WHERE id = ? FOR UPDATE", params: [1] },
    },
    answers: "The rows, and until when the transaction stays open",
    content: json(TransactionQueryAnswer, {
      columns: USER_COLUMNS,
      rows: ROWS_ANSWER.rows,
      rowCount: 1,
      expiresAt: EXPIRES_AT,
      timeMs: 0.412,
    }),
    errors: [...ERRORS_OF_WRITE, ...ERRORS_OF_SQL, ...ENDED, "not-a-query", "too-many-rows"],
  },
  "POST /transactions/:id/execute": {
    tag: "Transactions",
    summary: "Run a change in the transaction",
    description: `What commits by itself (DDL, \`CALL\`) is \`not-allowed\`. ${HOW_IT_ENDS}`,
    parameters,
    requests: {
      "Change a row": { sql: "UPDATE users SET name = ? WHERE id = ?", params: ["Ada", 1] },
    },
    answers: "What it changed, and until when the transaction stays open",
    content: json(TransactionExecuteAnswer, {
      affectedRows: 1,
      insertId: null,
      warnings: [],
      expiresAt: EXPIRES_AT,
      timeMs: 0.8,
    }),
    errors: [...ERRORS_OF_WRITE, ...ERRORS_OF_SQL, ...ENDED, "duplicate-key", "constraint"],
  },
  "POST /transactions/:id/commit": {
    tag: "Transactions",
    summary: "Commit the transaction",
    description:
      'Where the answer is lost (`write-uncertain`), `GET /transactions/{id}` tells whether it was committed. A second commit is `transaction-expired` with `outcome: "committed"` and the position.',
    parameters,
    requests: { "As the cluster confirms writes": {}, "Wait until a majority has it": { ack: "majority" } },
    answers: "Where it is",
    content: json(CommitAnswer, { id: ID, state: "committed", ...RECEIPT }),
    errors: [...ERRORS_OF_WRITE, ...ENDED, "constraint"],
    takesKey: true,
  },
  "POST /transactions/:id/rollback": {
    tag: "Transactions",
    summary: "Roll the transaction back",
    parameters,
    answers: "That it is rolled back",
    content: json(TransactionAnswer, {
      id: ID,
      state: "rolled-back",
      reason: "the client rolled it back",
      position: null,
      confirmed: null,
      expiresAt: null,
    }),
    errors: [...ERRORS_OF_WRITE, ...ENDED],
  },
  "GET /transactions/:id": {
    tag: "Transactions",
    summary: "What became of a transaction",
    description:
      "For 24 hours after its begin, at any node, also after the master or its database server was restarted. A transaction that is no longer open and was not committed can't be committed any more once this has been asked. `confirmed` says whether enough slaves have what was committed, so that it survives the master.",
    parameters,
    answers: "Open, committed or rolled back",
    content: json(TransactionAnswer, {
      id: ID,
      state: "committed",
      reason: "the client committed it",
      position: "1:0-1-12",
      confirmed: true,
      expiresAt: null,
    }),
    errors: [...ERRORS_OF_READ, "not-found"],
  },
};
