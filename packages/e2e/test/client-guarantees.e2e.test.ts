// What the client library promises, against real nodes: sessions, one effect of each write, transactions, streams of rows.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blob, connect, decimal, json, type UnderstudyClient } from "@understudy/client";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, startCluster, type Cluster } from "../src/index.ts";

const ROWS = 200_000;
const DATABASE = "promises";

describe.each(testFlavours())("the client library (%s)", (flavour) => {
  let cluster: Cluster;
  let client: UnderstudyClient;

  beforeAll(async () => {
    cluster = await startCluster({ flavour, slaves: 2 });
    client = await connect({ nodes: cluster.slaves.map(({ url }) => url), retryForMs: 60_000 });
    await client.createDatabase({ name: DATABASE });
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  /** A client whose reads are at home on this slave. */
  function atHomeOn(url: string | undefined): Promise<UnderstudyClient> {
    return connect({ nodes: [url ?? ""], random: () => 0 });
  }

  it("shows a session its own writes on a slave, and another one after it was carried there", async () => {
    await using here = await atHomeOn(cluster.slaves[0]?.url);
    await using there = await atHomeOn(cluster.slaves[1]?.url);
    await here.createTable({ database: DATABASE, table: "own", columns: "id INT PRIMARY KEY, n INT" });
    const nodes = new Set<string>();
    for (let id = 1; id <= 60; id++) {
      const session = here.session();
      await session.insert({ database: DATABASE, table: "own", record: { id, n: 0 } });
      const own = await session.query<{ n: number }>(`SELECT n FROM ${DATABASE}.own WHERE id = ?`, [id]);
      expect(own.rows).toEqual([{ n: 0 }]);
      await session.execute(`UPDATE ${DATABASE}.own SET n = 1 WHERE id = :id`, { id });
      const carried = there.session({ after: session.position });
      const other = await carried.select({ database: DATABASE, table: "own", where: { id } });
      expect(other.rows).toEqual([{ id, n: 1 }]);
      for (const { node } of [own, other]) nodes.add(node);
    }
    expect([...nodes].toSorted()).toEqual(cluster.slaves.map(({ nodeId }) => nodeId).toSorted());
  });

  it("shows a session what calls at the same time have written", async () => {
    await using here = await atHomeOn(cluster.slaves[0]?.url);
    await here.createTable({ database: DATABASE, table: "many", columns: "id INT PRIMARY KEY" });
    for (let round = 0; round < 10; round++) {
      const ids = Array.from({ length: 8 }, (_, index) => round * 8 + index);
      await Promise.all([
        ...ids.map((id) => here.insert({ database: DATABASE, table: "many", record: { id } })),
        ...ids.map(() => here.query("SELECT 1")),
      ]);
      const { rows } = await here.query<{ n: string }>(`SELECT COUNT(*) AS n FROM ${DATABASE}.many`);
      expect(rows).toEqual([{ n: String(ids.length * (round + 1)) }]);
    }
  });

  it("writes and reads on while the nodes that it speaks to are killed, each write with one effect", async () => {
    const { master, slaves } = cluster;
    await client.createTable({
      database: DATABASE,
      table: "effects",
      columns: "id BIGINT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL, KEY (n)",
    });
    const total = 400;
    let next = 0;
    let done = 0;
    const reached = new Map([100, 200].map((at) => [at, Promise.withResolvers<void>()]));
    const write = async (): Promise<void> => {
      for (let n = next++; n < total; n = next++) {
        await client.execute(`INSERT INTO ${DATABASE}.effects (n) VALUES (?)`, [n]);
        reached.get(++done)?.resolve();
        const { rows } = await client.query(`SELECT n FROM ${DATABASE}.effects WHERE n = ?`, [n]);
        expect(rows).toEqual([{ n }]);
      }
    };
    const writers = Promise.all(Array.from({ length: 8 }, write));
    const kills = (async () => {
      await reached.get(100)?.promise;
      await master.killHard();
      await master.start();
      await reached.get(200)?.promise;
      for (const slave of slaves) await slave.killHard();
      for (const slave of slaves) await slave.start();
    })();
    await Promise.all([writers, kills]);
    const counts = await rowsOf(
      master,
      `SELECT n, COUNT(*) AS c FROM ${DATABASE}.effects GROUP BY n HAVING c <> 1`,
    );
    expect(counts).toEqual([]);
    const { rows } = await client.query(`SELECT COUNT(*) AS n FROM ${DATABASE}.effects`);
    expect(rows).toEqual([{ n: String(total) }]);
    await cluster.waitUntilReplicating();
  });

  it("keeps a bank's total through transactions that collide, and rolls back what is not committed", async () => {
    await client.createTable({
      database: DATABASE,
      table: "accounts",
      columns: [
        { name: "id", type: "INT", primaryKey: true },
        { name: "balance", type: "INT" },
      ],
    });
    const records = Array.from({ length: 4 }, (_, id) => ({ id, balance: 100 }));
    await client.insert({ database: DATABASE, table: "accounts", records });
    const transfer = (from: number, to: number): Promise<void> =>
      client.inTransaction(
        async (transaction) => {
          await transaction.execute("UPDATE accounts SET balance = balance - 1 WHERE id = ?", [from]);
          await transaction.execute("UPDATE accounts SET balance = balance + 1 WHERE id = ?", [to]);
        },
        { database: DATABASE, retries: 50 },
      );
    // in opposite directions, so that they meet in a deadlock
    await Promise.all(
      Array.from({ length: 4 }, async (_, from) => {
        for (let round = 0; round < 8; round++) await transfer(from, (from + 1 + (round % 3)) % 4);
      }),
    );
    const total = await client.query<{ total: string }>(
      `SELECT SUM(balance) AS total FROM ${DATABASE}.accounts`,
    );
    expect(total.rows).toEqual([{ total: "400" }]);

    {
      await using transaction = await client.transaction({ database: DATABASE, isolation: "read-committed" });
      await transaction.execute("UPDATE accounts SET balance = 0");
      const seen = await transaction.query<{ balance: number }>("SELECT balance FROM accounts WHERE id = 0");
      expect(seen.rows).toEqual([{ balance: 0 }]);
    }
    const after = await client.select<{ balance: number }>({ database: DATABASE, table: "accounts" });
    expect(after.rows.reduce((sum, { balance }) => sum + balance, 0)).toBe(400);
  });

  it("takes values as JavaScript has them, and gives them back as text that loses nothing", async () => {
    await client.createTable({
      database: DATABASE,
      table: "vals",
      columns:
        "id INT PRIMARY KEY, b BIGINT UNSIGNED, d DECIMAL(30,10), t DATETIME(3), x VARBINARY(9), j JSON",
    });
    const record = {
      id: 1,
      b: 2n ** 64n - 1n,
      d: decimal("12345678901234567890.0123456789"),
      t: new Date(Date.UTC(2026, 1, 28, 23, 59, 59, 999)),
      x: new Uint8Array([0, 255, 10]),
      j: json({ a: [1, "ü", null] }),
    };
    await client.insert({ database: DATABASE, table: "vals", record });
    const { rows } = await client.query<Record<string, string>>(
      `SELECT b, d, t, x, j FROM ${DATABASE}.vals WHERE b = ? AND x = ?`,
      [record.b, blob(record.x)],
    );
    expect(rows).toMatchObject([
      {
        b: "18446744073709551615",
        d: "12345678901234567890.0123456789",
        t: "2026-02-28 23:59:59.999",
        x: "AP8K",
      },
    ]);
    expect(JSON.parse(rows[0]?.["j"] ?? "")).toEqual({ a: [1, "ü", null] });
  });

  it("gives out the rows of a large table, and ends the query on the server when the loop is left", async () => {
    await client.createTable({ database: DATABASE, table: "digits", columns: "d INT PRIMARY KEY" });
    await client.insert({
      database: DATABASE,
      table: "digits",
      records: Array.from({ length: 10 }, (_, d) => ({ d })),
    });
    await client.createTable({
      database: DATABASE,
      table: "large",
      columns: "id INT PRIMARY KEY, filler VARCHAR(200)",
    });
    const digits = ["a", "b", "c", "e", "f"].map((name) => `digits ${name}`).join(", ");
    const number = "a.d * 10000 + b.d * 1000 + c.d * 100 + e.d * 10 + f.d";
    for (const offset of [0, 100_000]) {
      await client.execute({
        sql: `INSERT INTO large SELECT ${number} + ?, REPEAT('x', 200) FROM ${digits}`,
        params: [offset],
        database: DATABASE,
      });
    }
    await using here = await atHomeOn(cluster.slaves[0]?.url);
    const session = here.session({ after: client.position });
    let sum = 0;
    let count = 0;
    const sql = `SELECT id, filler FROM ${DATABASE}.large`;
    for await (const { id } of session.rows<{ id: number; filler: string }>({ sql, waitMs: 30_000 })) {
      sum += id;
      count++;
    }
    expect([count, sum]).toEqual([ROWS, (ROWS * (ROWS - 1)) / 2]);

    // endless for all that a test can wait, so that it ends only if the node ends it
    const endless = `SELECT /* left early */ a.id FROM ${DATABASE}.large a, ${DATABASE}.large b`;
    let node: string | null = null;
    await using stream = await session.stream({ sql: endless });
    for await (const row of stream) {
      node = stream.node;
      expect(row).toHaveProperty("id");
      break;
    }
    const home = cluster.nodes.find(({ nodeId }) => nodeId === node);
    if (!home) throw new Error(`no node answered: ${node}`);
    await expect
      .poll(
        () =>
          rowsOf(
            home,
            "SELECT info FROM information_schema.processlist WHERE info LIKE 'SELECT /* left early%'",
          ),
        { timeout: 5_000, interval: 100 },
      )
      .toEqual([]);
  });
});
