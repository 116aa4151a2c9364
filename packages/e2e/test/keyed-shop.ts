import { expect } from "vitest";
import { rowsOf, sql, startCluster, type Answer, type Cluster, type ClusterNode } from "../src/index.ts";
import type { Flavour } from "@understudy/protocol";

/** Bounds of a wait for a process that starts. */
export const POLL = { timeout: 60_000, interval: 20 } as const;
/** For the tests in which processes are started again. */
export const RESTARTS_MS = 240_000;

/** Where keys are kept. */
export const KEYS = "understudy.idempotency_keys";

/** A write that has another effect each time that it runs. */
export const add = { sql: "UPDATE shop.counter SET n = n + 1 WHERE id = 1" };

/** Sends under a key. */
export const under = (key: string) => ({ headers: { "idempotency-key": key } });

/** The answer but for its receipt, which is of the try. */
export function told({ status, body }: Answer): object {
  const { position: _position, acks: _acks, retries: _retries, timeMs: _timeMs, ...answer } = body;
  return { status, answer };
}

/** The one number that a query past the API gives. */
export async function numberOf(node: ClusterNode, query: string): Promise<number> {
  const [row] = await rowsOf(node, query);
  return Number(Object.values(row ?? {})[0]);
}

/** What {@link add} has added up to, past the API. */
export const counted = (node: ClusterNode): Promise<number> =>
  numberOf(node, "SELECT n FROM shop.counter WHERE id = 1");

/** Sets the counter of {@link add} back. */
export async function resetCounter(master: ClusterNode): Promise<void> {
  await using connection = await sql(master);
  await connection.query("REPLACE INTO shop.counter VALUES (1, 0)");
}

/** A master and a slave with the tables that the tests write into. */
export async function startShop(
  flavour: Flavour,
): Promise<{ cluster: Cluster; master: ClusterNode; slave: ClusterNode }> {
  const cluster = await startCluster({ flavour, slaves: 1 });
  const { master } = cluster;
  const slave = cluster.firstSlave;
  await using connection = await sql(master);
  await connection.query("CREATE DATABASE shop");
  await connection.query("CREATE TABLE shop.counter (id INT PRIMARY KEY, n INT NOT NULL)");
  await connection.query(
    "CREATE TABLE shop.ledger (id INT AUTO_INCREMENT PRIMARY KEY, tag CHAR(36) NOT NULL)",
  );
  await cluster.waitForSync();
  return { cluster, master, slave };
}

/** Expects that both nodes hold the same keys and the same ledger. */
export async function expectEqualShops(cluster: Cluster): Promise<void> {
  await cluster.waitForSync();
  for (const query of [
    `SELECT idempotency_key, state, status, answer, HEX(mac) AS mac FROM ${KEYS} ORDER BY 1`,
    "SELECT * FROM shop.ledger ORDER BY id",
  ]) {
    const [first, ...others] = await Promise.all(cluster.nodes.map((node) => rowsOf(node, query)));
    for (const rows of others) expect(rows).toEqual(first);
  }
}
