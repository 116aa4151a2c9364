import { openTestServer, testFlavours } from "@understudy/database-server";
import { expect, test, vi } from "vitest";
import { codeOf, openExecutor } from "./open-executor.ts";

// A guard that misses everything: what is left is what the server itself says.
vi.mock(import("../src/statement-guard.ts"), async (original) => ({
  ...(await original()),
  guardTransactionExecute: () => undefined,
}));

test.each(testFlavours())(
  "a statement that commits although no guard foresaw it ends the transaction on %s, and nothing runs outside",
  async (flavour) => {
    await using server = await openTestServer(flavour);
    await using executor = await openExecutor(server, { poolSizes: { transaction: 1 } });
    await executor.execute({ sql: "CREATE DATABASE d" });
    await executor.execute({ sql: "CREATE TABLE d.t (id INT PRIMARY KEY)" });
    const unforeseen = [
      ["CREATE TABLE x (id INT)", "write-uncertain"],
      ["CREATE TABLE t (id INT)", "write-uncertain"],
      ["COMMIT", "write-uncertain"],
      ["ROLLBACK", "write-uncertain"],
      ["COMMIT AND CHAIN", "write-uncertain"],
      ["COMMIT RELEASE", "write-uncertain"],
    ] as const;
    for (const [index, [sql, code]] of unforeseen.entries()) {
      await using transaction = await executor.openTransaction({ database: "d" });
      await transaction.execute({ sql: "INSERT INTO t VALUES (?)", params: [index] });
      expect([sql, await codeOf(transaction.execute({ sql }))]).toEqual([sql, code]);
      expect(transaction.hasEnded).toBe(true);
      const late = [transaction.execute({ sql: "INSERT INTO t VALUES (99)" }), transaction.commit()];
      expect(await Promise.all(late.map(codeOf))).toEqual(["transaction-expired", "transaction-expired"]);
    }
    expect((await executor.query({ sql: "SELECT id FROM d.t WHERE id = 99" })).rows).toEqual([]);
  },
);
