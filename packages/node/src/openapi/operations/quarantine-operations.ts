import {
  QuarantineEntry,
  QuarantineEntryAnswer,
  QuarantineListAnswer,
  QuarantineReport,
} from "@understudy/protocol";
import Type from "typebox";
import { BACKUP_MEDIA_TYPE } from "../../backup/backup-file.ts";
import { json, type OperationTable } from "../operation.ts";

const ID = "20260101T120000.000Z-4";
const ENTRY: QuarantineEntry = {
  manifest: {
    id: ID,
    kind: "transactions",
    node: "node1",
    epoch: "4",
    savedAt: "2026-01-01T12:00:00.000Z",
    flavour: "mariadb",
    serverVersion: "10.11.19-MariaDB-log",
    positions: { shared: "0-1-100", own: "0-1-101", master: "0-2-230" },
    transactionCount: 1,
    clientTransactionCount: 1,
    bytes: 301,
    digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    tables: [{ database: "mydb", table: "users", columns: [{ name: "id", type: "int(11)" }] }],
  },
  state: "open",
  discarded: null,
  report: null,
};
const COPY_ENTRY: QuarantineEntry = {
  ...ENTRY,
  manifest: {
    ...ENTRY.manifest,
    id: "20260101T110000.000Z-3",
    kind: "whole-copy",
    wholeCopy: {
      reason: "its binlog cannot be read: the checksum of an event is wrong",
      errant: "0:98-101",
      incarnation: "6f1c7c1e-0f0b-4c55-9f0e-2f6f5a0a3c11",
    },
    transactionCount: 0,
    clientTransactionCount: 0,
    bytes: 73_400_320,
    tables: [],
  },
};
const REPORT: QuarantineReport = {
  entry: ID,
  mode: "check",
  onConflict: "stop",
  startedAt: "2026-01-01T12:00:00.000Z",
  endedAt: "2026-01-01T12:00:00.020Z",
  applied: 1,
  conflicts: 0,
  skipped: 0,
  outcomes: [{ index: 0, gtid: "0-1-101", outcome: "applied", conflict: null, reason: null, unchecked: [] }],
  moreOutcomes: 0,
};
const HOLDER = ["starting", "not-found", "node-unreachable"] as const;

/** What is told of the routes about transactions that only a node which came back had. */
export const QUARANTINE_OPERATIONS: OperationTable = {
  "GET /cluster/quarantine": {
    tag: "Cluster",
    summary: "Transactions that only a node which came back had",
    description:
      "Of all members that answer, the newest first; with `own=true` of the node that is asked, in pages. An entry's `kind` is `transactions`, or `whole-copy` where its node's binlog could not tell them: then it holds all data that the node had. Nothing is ever deleted from a quarantine.",
    answers: "The entries, and what became of each",
    content: json(QuarantineListAnswer, { entries: [ENTRY, COPY_ENTRY], next: null, unreachable: [] }),
    errors: ["starting"],
  },
  "GET /cluster/quarantine/:id": {
    tag: "Cluster",
    summary: "One entry and its transactions",
    description: "None of a whole copy, in which nobody can tell them apart.",
    parameters: { id: ID },
    answers: "The entry, and a page of its transactions in their order",
    content: json(QuarantineEntryAnswer, {
      entry: ENTRY,
      transactions: [
        {
          index: 0,
          gtid: "0-1-101",
          committedAt: "2026-01-01T11:59:00.000Z",
          offset: 260,
          bytes: 301,
          isBookkeeping: false,
          tables: [{ database: "mydb", table: "users", inserted: 1, updated: 0, deleted: 0 }],
          moreTables: 0,
          statements: [],
          moreStatements: 0,
        },
      ],
      next: null,
    }),
    errors: [...HOLDER],
  },
  "GET /cluster/quarantine/:id/listing": {
    tag: "Cluster",
    summary: "An entry for people to read",
    description:
      "Every row, where the node has the server's own program for that (`mysqlbinlog`, `mariadb-binlog`), else what is known of each transaction. Of a whole copy: what it is, why it was kept, and how to look into it.",
    parameters: { id: ID },
    answers: "Text",
    content: { "text/plain": { example: "### INSERT INTO `mydb`.`users`\n### SET\n###   @1=7\n" } },
    errors: [...HOLDER],
  },
  "GET /cluster/quarantine/:id/raw": {
    tag: "Cluster",
    summary: "An entry as a file: a binlog, or a whole copy as `restore` reads it",
    description: "Asked of the node that holds it.",
    parameters: { id: ID },
    answers: "The events as they were in the node's binlog, or a copy of all data that the node had",
    content: { "application/octet-stream": { example: "" }, [BACKUP_MEDIA_TYPE]: { example: "" } },
    errors: ["starting", "not-found"],
  },
  "POST /cluster/quarantine/:id/apply": {
    tag: "Cluster",
    summary: "Try, or carry out, an entry on the master",
    description:
      "`check`, the default, rolls everything back. `apply` carries each transaction out as a new one, once however often it is asked for; one whose rows are no longer as they were is a conflict, and not applied.",
    requests: {
      "What would happen": {},
      "Apply what has no conflict": { mode: "apply", onConflict: "skip" },
    },
    parameters: { id: ID },
    answers: "What became of each transaction",
    content: json(QuarantineReport, REPORT),
    errors: [
      ...HOLDER,
      "no-leader",
      "forward-loop",
      "quarantine-closed",
      "quarantine-whole-copy",
      "server-unsuitable",
      "deadlock",
      "database-unavailable",
      "write-uncertain",
    ],
  },
  "POST /cluster/quarantine/:id/discard": {
    tag: "Cluster",
    summary: "Put an entry away, with a reason",
    requests: { "It is known elsewhere": { reason: "entered again by hand, ticket 4711" } },
    parameters: { id: ID },
    answers: "The entry; its files are kept",
    content: json(QuarantineEntry, {
      ...ENTRY,
      state: "discarded",
      discarded: {
        reason: "entered again by hand, ticket 4711",
        by: "127.0.0.1",
        at: "2026-01-01T13:00:00.000Z",
      },
    }),
    errors: [...HOLDER],
  },
  "POST /cluster/quarantine/:id/report": {
    tag: "Between nodes",
    summary: "The master files what became of an entry",
    requests: { "After applying": { ...REPORT, mode: "apply" } },
    parameters: { id: ID },
    answers: "It is on the disk",
    content: json(Type.Object({ filed: Type.String() }), { filed: ID }),
    errors: ["starting", "not-found"],
  },
};
