import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { bodiesOf, once, openCluster, pathsOf, problem, type Actor } from "../test/stand-in-cluster.ts";
import { answerJson, type SeenRequest } from "../test/stand-in-node.ts";
import { connect } from "./connect.ts";

type Answer = (request: SeenRequest, response: ServerResponse) => void;

/** What a master answers of transactions: all of it fine, but for what a test says by the end of the path. */
function transactions(others: Readonly<Record<string, Answer>> = {}): Actor["data"] {
  let begun = 0;
  const fine: Readonly<Record<string, (id: string) => object>> = {
    "/query": () => ({ columns: [], rows: [{ a: 1 }], rowCount: 1 }),
    "/execute": () => ({ affectedRows: 1, insertId: null, warnings: [] }),
    "/commit": (id) => ({ id, state: "committed", position: "1:u:7", acks: [], retries: 0, timeMs: 1 }),
    "/rollback": (id) => ({ id, state: "rolled-back", reason: "asked", position: null, expiresAt: null }),
  };
  return (request, response) => {
    const match = /^\/transactions(?:\/(t\d+)(\/\w+)?)?$/.exec(request.path);
    const [, id, call] = match ?? [];
    const other = others[call ?? (id === undefined ? "begin" : "tell")];
    if (other) return other(request, response);
    if (id === undefined) {
      begun++;
      return answerJson(response, 201, { id: `t${begun}`, expiresAt: "2026" });
    }
    return answerJson(response, 200, fine[call ?? ""]?.(id) ?? {});
  };
}

const cut: Answer = (_request, response) => void response.socket?.destroy();
const tells =
  (state: string, more: object = {}): Answer =>
  (_request, response) =>
    answerJson(response, 200, { id: "t1", state, reason: "why", position: null, expiresAt: null, ...more });

async function openTransactions(others: Readonly<Record<string, Answer>> = {}, more: object = {}) {
  const cluster = await openCluster();
  cluster.master.data = transactions(others);
  const client = await connect({ nodes: [cluster.master.node.url], random: () => 0, ...more });
  return {
    ...cluster,
    client,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

test("a transaction begins, runs and commits, and its session sees it", async () => {
  await using open = await openTransactions();
  await using transaction = await open.client.transaction({
    database: "d",
    isolation: "serializable",
    ack: "majority",
  });
  await transaction.execute("UPDATE t SET a = ?", [1n]);
  const { rows } = await transaction.query<{ a: number }>("SELECT a FROM t");
  expect(rows[0]?.a).toBe(1);
  expect(await transaction.commit()).toMatchObject({ state: "committed", position: "1:u:7" });
  expect(transaction.hasEnded).toBe(true);
  expect(pathsOf(open.master)).toEqual([
    "/transactions",
    "/transactions/t1/execute",
    "/transactions/t1/query",
    "/transactions/t1/commit",
  ]);
  expect(bodiesOf(open.master, "/transactions")).toEqual([{ database: "d", isolation: "serializable" }]);
  expect(bodiesOf(open.master, "/transactions/t1/commit")).toEqual([{ ack: "majority" }]);
  expect(bodiesOf(open.master, "/transactions/t1/execute")).toEqual([
    { sql: "UPDATE t SET a = ?", params: [{ $type: "bigint", value: "1" }] },
  ]);
  expect(open.client.position).toBe("1:u:7");
});

test("what is not committed is rolled back when it goes out of scope, once", async () => {
  await using open = await openTransactions();
  {
    await using transaction = await open.client.transaction();
    await transaction.execute("DO 1");
  }
  {
    await using transaction = await open.client.transaction();
    await transaction.rollback();
    await transaction.rollback();
    await expect(transaction.execute("DO 1")).rejects.toMatchObject({ code: "transaction-expired" });
    await expect(transaction.commit()).rejects.toMatchObject({ code: "transaction-expired" });
  }
  expect(pathsOf(open.master).filter((path) => path.endsWith("/rollback"))).toEqual([
    "/transactions/t1/rollback",
    "/transactions/t2/rollback",
  ]);
});

test("a statement whose answer is lost ends the transaction, since it may have run", async () => {
  await using open = await openTransactions({ "/execute": cut });
  await using transaction = await open.client.transaction();
  await expect(transaction.execute("UPDATE")).rejects.toMatchObject({ code: "node-unreachable" });
  expect(transaction.hasEnded).toBe(true);
  await expect(transaction.execute("UPDATE")).rejects.toMatchObject({ code: "transaction-expired" });
  expect(pathsOf(open.master).slice(1)).toEqual(["/transactions/t1/execute", "/transactions/t1/rollback"]);
});

test("a lost answer to the commit is found out: committed", async () => {
  await using open = await openTransactions({
    "/commit": cut,
    tell: tells("committed", { position: "1:u:9" }),
  });
  await using transaction = await open.client.transaction();
  expect(await transaction.commit()).toMatchObject({ id: "t1", state: "committed", position: "1:u:9" });
  expect(open.client.position).toBe("1:u:9");
  expect(pathsOf(open.master).slice(1)).toEqual(["/transactions/t1/commit", "/transactions/t1"]);
});

test("a lost answer to the commit is found out: rolled back", async () => {
  await using open = await openTransactions({ "/commit": cut, tell: tells("rolled-back") });
  await using transaction = await open.client.transaction();
  await expect(transaction.commit()).rejects.toMatchObject({
    code: "transaction-expired",
    message: "the transaction was rolled back: why",
    details: { outcome: "rolled-back" },
  });
});

test("a commit that did not arrive is sent again, and one that did is known by its refusal", async () => {
  const fine: Answer = (_request, response) =>
    answerJson(response, 200, { id: "t1", state: "committed", position: "1:u:9" });
  await using open = await openTransactions({ "/commit": once(cut, fine), tell: tells("open") });
  await using first = await open.client.transaction();
  expect(await first.commit()).toMatchObject({ position: "1:u:9" });

  const outcome = { code: "transaction-expired", detail: "d", outcome: "committed", position: "1:u:9" };
  const ended: Answer = (_request, response) => answerJson(response, 410, outcome);
  open.master.data = transactions({ "/commit": once(cut, ended), tell: tells("open") });
  await using second = await open.client.transaction();
  expect(await second.commit()).toMatchObject({ position: "1:u:9" });
});

test("acks that were asked for and can't be told any more are said", async () => {
  await using open = await openTransactions({
    "/commit": cut,
    tell: tells("committed", { position: "1:u:9" }),
  });
  await using transaction = await open.client.transaction({ ack: "majority" });
  await expect(transaction.commit()).rejects.toMatchObject({
    code: "ack-timeout",
    position: "1:u:9",
    details: { committed: true },
  });
  expect(open.client.position).toBe("1:u:9");
});

test("a commit that was found out counts as confirmed only where the master says so", async () => {
  const told = (confirmed: boolean) => tells("committed", { position: "1:u:9", confirmed });
  const more = { retryForMs: 1_100 };
  await using open = await openTransactions({ "/commit": cut, tell: told(false) }, more);
  await using first = await open.client.transaction();
  await expect(first.commit()).rejects.toMatchObject({ code: "ack-timeout", details: { committed: true } });
  open.master.data = transactions({ "/commit": cut, tell: once(told(false), told(true)) });
  await using second = await open.client.transaction({ ack: "majority" });
  expect(await second.commit()).toMatchObject({ state: "committed", position: "1:u:9" });
});

test("a commit whose outcome nobody tells is uncertain; one that was surely not done is not", async () => {
  const more = { retryForMs: 1_100 };
  await using lost = await openTransactions({ "/commit": cut, tell: problem(503, "no-leader") }, more);
  await using first = await lost.client.transaction();
  await expect(first.commit()).rejects.toMatchObject({ code: "write-uncertain" });
  const refuse = problem(503, "overloaded");
  await using refused = await openTransactions({ "/commit": refuse, tell: tells("open") }, more);
  await using second = await refused.client.transaction();
  await expect(second.commit()).rejects.toMatchObject({ code: "overloaded" });
});

test("a begin is tried again; a transaction that is never used expires", async () => {
  await using open = await openTransactions();
  const fine = open.master.data;
  open.master.data = once(cut, once(problem(503, "overloaded"), fine));
  await using transaction = await open.client.transaction();
  expect(transaction.id).toBe("t1");
});

test("a signal ends a transaction and its calls", async () => {
  await using open = await openTransactions({ "/query": () => abort.abort(new Error("enough")) });
  const abort = new AbortController();
  {
    await using transaction = await open.client.transaction({ signal: abort.signal });
    await expect(transaction.query("SELECT SLEEP(9)")).rejects.toThrow("enough");
    await expect(transaction.execute("DO 1")).rejects.toThrow("enough");
  }
  expect(pathsOf(open.master).at(-1)).toBe("/transactions/t1/rollback");
});

test("a whole transaction runs again after a deadlock, and is committed for its task", async () => {
  await using open = await openTransactions();
  open.master.data = transactions({
    "/execute": once(problem(409, "deadlock"), (_request, response) =>
      answerJson(response, 200, { affectedRows: 1, insertId: null, warnings: [] }),
    ),
  });
  let runs = 0;
  const result = await open.client.inTransaction(async (transaction) => {
    runs++;
    await transaction.execute("UPDATE");
    return "done";
  });
  expect([result, runs]).toEqual(["done", 2]);
  expect(pathsOf(open.master).filter((path) => path.endsWith("/commit"))).toEqual([
    "/transactions/t2/commit",
  ]);
});

test("what is not the transaction's fault ends its run: other errors, and too many of the same", async () => {
  await using open = await openTransactions({ "/execute": problem(409, "deadlock") });
  const { client, master } = open;
  const run = client.inTransaction((transaction) => transaction.execute("UPDATE"), { retries: 2 });
  await expect(run).rejects.toMatchObject({ code: "deadlock" });
  const own = client.inTransaction(async () => {
    throw new Error("no");
  });
  await expect(own).rejects.toThrow("no");
  expect(pathsOf(master).filter((path) => path === "/transactions")).toHaveLength(4);
  expect(pathsOf(master).filter((path) => path.endsWith("/commit"))).toEqual([]);
  expect(pathsOf(master).filter((path) => path.endsWith("/rollback"))).toHaveLength(4);
});

test("a task may end its transaction itself", async () => {
  await using open = await openTransactions();
  const result = await open.client.inTransaction(async (transaction) => {
    await transaction.rollback();
    return 7;
  });
  expect(result).toBe(7);
  expect(pathsOf(open.master)).toEqual(["/transactions", "/transactions/t1/rollback"]);
});

test("a transaction that is known to be committed is not run again", async () => {
  await using open = await openTransactions({
    "/execute": (_request, response) =>
      answerJson(response, 410, { code: "transaction-expired", detail: "d", outcome: "committed" }),
  });
  let runs = 0;
  const run = open.client.inTransaction(async (transaction) => {
    runs++;
    await transaction.execute("UPDATE");
  });
  await expect(run).rejects.toMatchObject({ code: "transaction-expired" });
  expect(runs).toBe(1);
});
