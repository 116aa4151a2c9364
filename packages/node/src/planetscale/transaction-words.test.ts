import { describe, expect, it } from "vitest";
import { transactionWordOf } from "./transaction-words.ts";

describe("words that begin and end transactions", () => {
  it.each([
    ["BEGIN", { kind: "begin" }],
    [" begin work ; ", { kind: "begin" }],
    ["START\n TRANSACTION", { kind: "begin" }],
    ["COMMIT", { kind: "commit" }],
    ["/* from a tool */ commit /* trace='1' */;", { kind: "commit" }],
    ["Rollback", { kind: "rollback" }],
    ["/*a*//*b*/ ROLLBACK /*c*/ /*d*/", { kind: "rollback" }],
    ["SET TRANSACTION ISOLATION LEVEL serializable", { kind: "isolation", level: "serializable" }],
    ["set transaction isolation level READ  COMMITTED;", { kind: "isolation", level: "read-committed" }],
  ])("are known: %s", (sql, word) => {
    expect(transactionWordOf(sql)).toEqual(word);
  });

  it.each([
    "SELECT 1",
    "BEGINNING",
    "START TRANSACTION READ ONLY",
    "START REPLICA",
    "COMMIT AND CHAIN",
    "ROLLBACK TO SAVEPOINT sp1",
    "rollback to sp1",
    "BEGIN; DELETE FROM t",
    "/*! COMMIT */",
    "COMMIT /*!50000 AND CHAIN */",
    "SET TRANSACTION ISOLATION LEVEL whatever",
    "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "/* only a comment */",
    "/* open",
    "",
    `COMMIT ${"/*x*/".repeat(500)}`,
  ])("are no others: %s", (sql) => {
    expect(transactionWordOf(sql)).toBeNull();
  });
});
