// PlanetScale's own driver, unmodified, against every node: values, writes, transactions, errors, and its own writes read back.
import { Client, connect, DatabaseError, type Connection } from "@planetscale/database";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, sql, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";
import { errorsInLog } from "./unharmed.ts";

const COLUMNS = `id INT PRIMARY KEY, tiny TINYINT, small SMALLINT UNSIGNED, medium MEDIUMINT, whole INT UNSIGNED, big BIGINT,
  ubig BIGINT UNSIGNED, price DECIMAL(30, 10), single_ FLOAT, double_ DOUBLE, year_ YEAR, day_ DATE, time_ TIME(6),
  moment DATETIME(6), stamp TIMESTAMP(3) NULL, fixed CHAR(5), text_ VARCHAR(100), long_ LONGTEXT, kind ENUM('a', 'b'), some_ SET('x', 'y'),
  doc JSON, bytes_ VARBINARY(20), blob_ BLOB, bits BIT(12)`;

/** What goes in, and what the driver gives back for it. */
const VALUES: Readonly<Record<string, readonly [type: string, value: unknown, back: unknown]>> = {
  tiny: ["INT8", -128, -128],
  small: ["UINT16", 65_535, 65_535],
  medium: ["INT24", -8_388_608, -8_388_608],
  whole: ["UINT32", 4_294_967_295, 4_294_967_295],
  big: ["INT64", "-9223372036854775808", "-9223372036854775808"],
  ubig: ["UINT64", 18_446_744_073_709_551_615n, "18446744073709551615"],
  price: ["DECIMAL", "12345678901234567890.0123456789", "12345678901234567890.0123456789"],
  single_: ["FLOAT32", 1.5, 1.5],
  double_: ["FLOAT64", -1.797_693_134_862_315_7e308, -1.797_693_134_862_315_7e308],
  year_: ["YEAR", 2026, 2026],
  day_: ["DATE", "2026-01-31", "2026-01-31"],
  time_: ["TIME", "-838:59:58.999999", "-838:59:58.999999"],
  moment: ["DATETIME", "2026-01-31 23:59:59.000001", "2026-01-31 23:59:59.000001"],
  stamp: ["TIMESTAMP", "2026-01-31 23:59:59.125", "2026-01-31 23:59:59.125"],
  fixed: ["CHAR", "é🎭", "é🎭"],
  text_: ["VARCHAR", 'it\'s "quoted" \\ with\nlines, 🎭', 'it\'s "quoted" \\ with\nlines, 🎭'],
  long_: ["TEXT", "ü".repeat(70_000), "ü".repeat(70_000)],
  kind: ["ENUM", "b", "b"],
  some_: ["SET", "x,y", "x,y"],
  doc: ["JSON", '{"a": [1, null, "é🎭"]}', { a: [1, null, "é🎭"] }],
  bytes_: ["VARBINARY", new Uint8Array([0, 255, 39, 92, 10]), new Uint8Array([0, 255, 39, 92, 10])],
  blob_: ["BLOB", new Uint8Array([255, 0, 128]), new Uint8Array([255, 0, 128])],
  bits: ["BIT", 0xabc, new Uint8Array([0x0a, 0xbc])],
};
const NAMES = Object.keys(VALUES);
const ALL = `SELECT id, ${NAMES.join(", ")} FROM every`;

for (const flavour of testFlavours()) {
  describe(`PlanetScale's driver on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let slave: ClusterNode;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 1 });
      master = cluster.master;
      slave = cluster.firstSlave;
      await using connection = await sql(master);
      await connection.query("CREATE DATABASE shop");
      await connection.query(`CREATE TABLE shop.every (${COLUMNS})`);
      await connection.query("CREATE TABLE shop.t (id INT PRIMARY KEY AUTO_INCREMENT, a VARCHAR(20) UNIQUE)");
      await cluster.waitForSync();
    });

    afterAll(async () => {
      try {
        for (const node of cluster.nodes) expect(await errorsInLog(node)).toEqual([]);
      } finally {
        await cluster[Symbol.asyncDispose]();
      }
    });

    const config = (node: ClusterNode): { url: string } => {
      const url = new URL(node.url);
      url.username = "shop";
      url.password = "any";
      return { url: url.href };
    };
    /** A client as Drizzle and Kysely have it: each call on a connection that is forgotten afterwards. */
    const clientOf = (node: ClusterNode): Client => new Client(config(node));
    const connectTo = (node: ClusterNode): Connection => connect(config(node));

    it("gets every type as PlanetScale would give it, and NULL", async () => {
      for (const [at, node] of cluster.nodes.entries()) {
        const client = clientOf(node);
        const params = [at * 10, ...Object.values(VALUES).map(([, value]) => value)];
        const marks = params.map(() => "?").join(", ");
        const inserted = await client.execute(`INSERT INTO every VALUES (${marks})`, params);
        expect(inserted).toMatchObject({ rowsAffected: 1, insertId: "0", rows: [] });
        await client.execute("INSERT INTO every (id) VALUES (:id)", { id: at * 10 + 1 });
        const { rows, types, headers } = await client.execute(`${ALL} WHERE id >= ? ORDER BY id`, [at * 10]);
        expect(headers).toEqual(["id", ...NAMES]);
        expect(types).toEqual({
          id: "INT32",
          ...Object.fromEntries(Object.entries(VALUES).map(([name, [type]]) => [name, type])),
        });
        expect(rows).toEqual([
          {
            id: at * 10,
            ...Object.fromEntries(Object.entries(VALUES).map(([name, [, , back]]) => [name, back])),
          },
          { id: at * 10 + 1, ...Object.fromEntries(NAMES.map((name) => [name, null])) },
        ]);
        const arrays = await client.execute("SELECT 1 AS a, 2 AS a, 'x', NULL", null, { as: "array" });
        expect(arrays.rows).toEqual([[expect.toSatisfy(isOne), expect.toSatisfy(isTwo), "x", null]]);
      }
    });

    it("finds no rows where there are none, and takes a statement without a table", async () => {
      for (const node of cluster.nodes) {
        const client = clientOf(node);
        expect(await client.execute("SELECT id FROM t WHERE id < 0")).toMatchObject({ rows: [], size: 0 });
        expect((await client.execute("SELECT DATABASE() AS d")).rows).toEqual([{ d: "shop" }]);
        expect((await client.execute("SHOW TABLES")).rows).toHaveLength(2);
      }
    });

    it("gets ids of inserted rows and counts of changed ones", async () => {
      for (const node of cluster.nodes) {
        const client = clientOf(node);
        const first = await client.execute("INSERT INTO t (a) VALUES (?)", [`ids ${node.nodeId}`]);
        const second = await client.execute("INSERT INTO t (a) VALUES (?)", [`more ${node.nodeId}`]);
        expect(BigInt(second.insertId)).toBe(BigInt(first.insertId) + 1n);
        const ids = [first.insertId, second.insertId];
        expect(
          (await client.execute("UPDATE t SET a = CONCAT(a, '!') WHERE id IN (?)", [ids])).rowsAffected,
        ).toBe(2);
        expect((await client.execute("DELETE FROM t WHERE id IN (?)", [ids])).rowsAffected).toBe(2);
      }
    });

    it("defines tables", async () => {
      for (const node of cluster.nodes) {
        const client = clientOf(node);
        await client.execute("CREATE TABLE made (id INT PRIMARY KEY)");
        await client.execute("ALTER TABLE made ADD COLUMN b INT");
        expect((await client.execute("SELECT id, b FROM made")).headers).toEqual(["id", "b"]);
        await client.execute("DROP TABLE made");
      }
    });

    it("reads its own writes on a slave, although each call forgets the one before", async () => {
      const client = clientOf(slave);
      for (let at = 0; at < 50; at++) {
        const { insertId } = await client.execute("INSERT INTO t (a) VALUES (?)", [`own ${at}`]);
        const { rows } = await client.execute("SELECT a FROM t WHERE id = ?", [insertId]);
        expect(rows).toEqual([{ a: `own ${at}` }]);
      }
      const many = await Promise.all(
        Array.from({ length: 20 }, async (_, at) => {
          const { insertId } = await client.execute("INSERT INTO t (a) VALUES (?)", [`at once ${at}`]);
          return client.execute("SELECT a FROM t WHERE id = ?", [insertId]);
        }),
      );
      expect(many.map(({ rows }) => rows)).toEqual(many.map((_, at) => [{ a: `at once ${at}` }]));
      await client.execute("DELETE FROM t");
    });

    it("carries its session from one node to another", async () => {
      const connection = connectTo(master);
      await connection.refresh();
      await connection.execute("INSERT INTO t (a) VALUES ('carried')");
      const session: unknown = Reflect.get(connection, "session");
      expect(JSON.parse(JSON.stringify(session))).toEqual({
        position: expect.stringMatching(/^1:/) as unknown,
      });
      const elsewhere = connectTo(slave);
      Reflect.set(elsewhere, "session", session);
      expect((await elsewhere.execute("SELECT a FROM t")).rows).toEqual([{ a: "carried" }]);
      await connection.execute("DELETE FROM t");
    });

    it("commits a transaction, which nobody sees before", async () => {
      for (const node of cluster.nodes) {
        const client = clientOf(node);
        const inside = await client.transaction(async (tx) => {
          await tx.execute("INSERT INTO t (a) VALUES ('first'), ('second')");
          expect((await client.execute("SELECT a FROM t")).rows).toEqual([]);
          return (await tx.execute("SELECT a FROM t ORDER BY id FOR UPDATE")).rows;
        });
        expect(inside).toEqual([{ a: "first" }, { a: "second" }]);
        expect((await client.execute("SELECT a FROM t ORDER BY id")).rows).toEqual(inside);
        await client.execute("DELETE FROM t");
      }
    });

    it("rolls a transaction back after any error, and gives that error", async () => {
      for (const node of cluster.nodes) {
        const client = clientOf(node);
        const own = new Error("of the application itself");
        const failing = client.transaction(async (tx) => {
          await tx.execute("INSERT INTO t (a) VALUES ('gone')");
          throw own;
        });
        await expect(failing).rejects.toBe(own);
        const refused = client.transaction(async (tx) => {
          await tx.execute("INSERT INTO t (a) VALUES ('gone')");
          await tx.execute("INSERT INTO t (a) VALUES ('gone')");
        });
        await expect(refused).rejects.toMatchObject({ body: { code: "ALREADY_EXISTS" } });
        expect(await rowsOf(master, "SELECT a FROM shop.t")).toEqual([]);
      }
    });

    it("has savepoints in a transaction", async () => {
      for (const node of cluster.nodes) {
        await clientOf(node).transaction(async (tx) => {
          await tx.execute("INSERT INTO t (a) VALUES ('kept')");
          await tx.execute("savepoint sp1");
          await tx.execute("INSERT INTO t (a) VALUES ('undone')");
          await tx.execute("rollback to savepoint sp1");
          await tx.execute("release savepoint sp1");
        });
        expect(await rowsOf(master, "SELECT a FROM shop.t")).toEqual([{ a: "kept" }]);
        await clientOf(node).execute("DELETE FROM t");
      }
    });

    it("gets no commit, but its own error, for a transaction that has expired", async () => {
      const connection = connectTo(slave);
      await connection.execute("BEGIN");
      await connection.execute("INSERT INTO t (a) VALUES ('expired')");
      // the idle timeout is 5 s
      await expect
        .poll(async () => (await master.get("/metrics")).text, { timeout: 15_000 })
        .toMatch(/^understudy_open_transactions 0$/m);
      const ended = { status: 400, body: { code: "ABORTED", reason: "transaction-expired" } };
      await expect(connection.execute("INSERT INTO t (a) VALUES ('outside')")).rejects.toMatchObject(ended);
      await expect(connection.execute("COMMIT")).rejects.toMatchObject(ended);
      await connection.execute("ROLLBACK");
      await connection.execute("INSERT INTO t (a) VALUES ('afterwards')");
      expect(await rowsOf(master, "SELECT a FROM shop.t")).toEqual([{ a: "afterwards" }]);
      await connection.execute("DELETE FROM t");
    });

    it("is told by ROLLBACK where a COMMIT was done whose answer it did not get", async () => {
      const connection = connectTo(slave);
      await connection.execute("BEGIN");
      await connection.execute("INSERT INTO t (a) VALUES ('committed')");
      const session: unknown = Reflect.get(connection, "session");
      await connection.execute("COMMIT");
      Reflect.set(connection, "session", session);
      await expect(connection.execute("ROLLBACK")).rejects.toMatchObject({
        message: expect.stringContaining("was committed") as unknown,
        body: { reason: "transaction-expired" },
      });
      expect(await rowsOf(master, "SELECT a FROM shop.t")).toEqual([{ a: "committed" }]);
      await clientOf(slave).execute("DELETE FROM t");
    });

    it("sees in a transaction what its isolation lets it see", async () => {
      await clientOf(master).execute("INSERT INTO t (a) VALUES ('before')");
      for (const [level, seen] of [
        ["READ COMMITTED", "after"],
        ["REPEATABLE READ", "before"],
      ] as const) {
        const connection = connectTo(slave);
        await connection.execute(`SET TRANSACTION ISOLATION LEVEL ${level}`);
        await connection.execute("BEGIN");
        await connection.execute("SELECT a FROM t");
        await clientOf(master).execute("UPDATE t SET a = 'after'");
        expect((await connection.execute("SELECT a FROM t")).rows).toEqual([{ a: seen }]);
        await connection.execute("COMMIT");
        await clientOf(master).execute("UPDATE t SET a = 'before'");
      }
      await clientOf(master).execute("DELETE FROM t");
    });

    if (flavour === "mariadb") {
      it("gets types that are MariaDB's own as text", async () => {
        const client = clientOf(slave);
        await client.execute("CREATE TABLE own (u UUID, i INET6)");
        const values = ["123e4567-e89b-12d3-a456-426655440000", "2001:db8::ff00:42:8329"];
        await client.execute("INSERT INTO own VALUES (?, ?)", values);
        const { rows } = await client.execute("SELECT u, i FROM own", null, { as: "array" });
        expect(rows).toEqual([values]);
        await client.execute("DROP TABLE own");
      });
    }

    it("runs many transactions at a time", async () => {
      await clientOf(master).execute("CREATE TABLE counters (id INT PRIMARY KEY, n INT)");
      await clientOf(master).execute("INSERT INTO counters VALUES (1, 0)");
      await cluster.waitForSync();
      await Promise.all(
        Array.from({ length: 12 }, async (_, at) =>
          clientOf(at % 2 === 0 ? master : slave).transaction(async (tx) => {
            const { rows } = await tx.execute<{ n: number }>(
              "SELECT n FROM counters WHERE id = 1 FOR UPDATE",
            );
            await tx.execute("UPDATE counters SET n = ? WHERE id = 1", [(rows[0]?.n ?? 0) + 1]);
          }),
        ),
      );
      expect(await rowsOf(master, "SELECT n FROM shop.counters")).toEqual([{ n: 12 }]);
      await clientOf(master).execute("DROP TABLE counters");
    });

    it.each([
      ["SELEC 1", "INVALID_ARGUMENT", "sql-syntax", 1064],
      ["SELECT * FROM nothing", "NOT_FOUND", "unknown-table", 1146],
      ["SELECT nothing FROM t", "NOT_FOUND", "unknown-column", 1054],
      ["INSERT INTO t (id, a) VALUES (1, 'x'), (1, 'y')", "ALREADY_EXISTS", "duplicate-key", 1062],
      ["INSERT INTO t (a) VALUES (REPEAT('x', 50))", "INVALID_ARGUMENT", "invalid-value", 1406],
      ["SET GLOBAL read_only = 0", "INVALID_ARGUMENT", "not-allowed", null],
      ["SELECT * FROM mysql.user", "PERMISSION_DENIED", "forbidden", 1142],
      ["SELECT * FROM t FOR UPDATE", "INVALID_ARGUMENT", "not-a-query", null],
      ["SELECT 1; DELETE FROM t", "INVALID_ARGUMENT", "not-allowed", null],
    ])("tells the error of %s in Vitess' terms: %s", async (statement, code, reason, errno) => {
      for (const node of cluster.nodes) {
        const error = await clientOf(node)
          .execute(statement)
          .catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(DatabaseError);
        expect(error).toMatchObject({ status: 400, body: { code, reason } });
        if (errno !== null)
          expect(error).toHaveProperty("message", expect.stringContaining(`(errno ${errno})`));
      }
    });

    it("says what it is pointed at that is not there", async () => {
      const lost = new Client({ url: master.url.replace("://", "://nowhere@") });
      await expect(lost.execute("SELECT 1")).rejects.toMatchObject({ body: { reason: "unknown-database" } });
      const none = new Client({ url: slave.url });
      expect((await none.execute("SELECT COUNT(*) AS n FROM shop.t")).rows).toHaveLength(1);
    });

    it("says UNAVAILABLE for a write without a master, and reads on", async () => {
      await master.killHard();
      const client = clientOf(slave);
      await expect(client.execute("INSERT INTO t (a) VALUES ('x')")).rejects.toMatchObject({
        status: 503,
        body: { code: "UNAVAILABLE", reason: "no-leader", retryable: true },
      });
      expect((await client.execute("SELECT COUNT(*) AS n FROM t")).rows).toHaveLength(1);
      await master.start();
      await cluster.waitUntilReplicating();
    });
  });
}

// a literal is a BIGINT on MySQL and an INT on MariaDB
function isOne(value: unknown): boolean {
  return Number(value) === 1;
}

function isTwo(value: unknown): boolean {
  return Number(value) === 2;
}
