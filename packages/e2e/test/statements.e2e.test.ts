// Statements whose effect a replica could not repeat by itself, and definitions of every kind: equal on all nodes, or refused
// with the reason named. Through the HTTP API where it permits them, else on the master's database server.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { systemClock } from "@understudy/kernel";
import { rowsOf, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";
import { expectEqualObjects } from "./server-objects.ts";
import { openStatementRunner, type StatementRunner } from "./statement-runner.ts";

const DATABASE = "kinds";

for (const flavour of testFlavours()) {
  describe(`statements of every kind on ${flavour}`, { timeout: 120_000 }, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let first: ClusterNode;
    let second: ClusterNode;
    let on: StatementRunner;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 2 });
      const [slave, other] = cluster.slaves;
      if (!slave || !other) throw new Error("two slaves were asked for");
      master = cluster.master;
      first = slave;
      second = other;
      on = await openStatementRunner(cluster, DATABASE);
    });

    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
    });

    it("functions that answer differently each time: NOW, SYSDATE, RAND, UUID", async () => {
      await on.execute(
        `CREATE TABLE moods (id INT AUTO_INCREMENT PRIMARY KEY, a DATETIME(6), b DATETIME(6), c DOUBLE, d CHAR(36), e INT,
          f VARCHAR(300), g TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6))`,
      );
      for (let round = 0; round < 10; round++) {
        await on.execute(
          "INSERT INTO moods (a, b, c, d, e, f) VALUES (NOW(6), SYSDATE(6), RAND(), UUID(), CONNECTION_ID(), CURRENT_USER())",
        );
      }
      await on.execute(
        "INSERT INTO moods (a, b, c, d) SELECT NOW(6), SYSDATE(6), RAND(), UUID() FROM moods ORDER BY RAND() LIMIT 5",
        "UPDATE moods SET c = RAND(), d = UUID() WHERE id > 5",
        "DELETE FROM moods ORDER BY RAND() LIMIT 3",
      );
      await on.expectEverythingEqual();
      expect(
        await on.everywhere(
          "SELECT COUNT(*) AS n, COUNT(DISTINCT c) AS c, COUNT(DISTINCT d) AS d FROM kinds.moods",
        ),
      ).toEqual([{ n: 12, c: 12, d: 12 }]);
    });

    it("triggers, which act on the master alone", async () => {
      await on.execute(
        "CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, total INT)",
        "CREATE TABLE audit (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(100), at DATETIME(6), token CHAR(36))",
        `CREATE TRIGGER orders_before BEFORE INSERT ON orders FOR EACH ROW SET NEW.total = FLOOR(RAND() * 1000000)`,
        `CREATE TRIGGER orders_after AFTER INSERT ON orders FOR EACH ROW
          INSERT INTO audit (what, at, token) VALUES (CONCAT('new ', NEW.id), SYSDATE(6), UUID())`,
        `CREATE TRIGGER orders_gone AFTER DELETE ON orders FOR EACH ROW
          BEGIN INSERT INTO audit (what) VALUES ('gone'); INSERT INTO audit (what) VALUES ('gone for good'); END`,
        "INSERT INTO orders (total) VALUES (1), (2), (3)",
        "DELETE FROM orders WHERE id = 2",
        "UPDATE orders SET total = total + 1",
      );
      await on.expectEverythingEqual();
      expect(await on.everywhere("SELECT COUNT(*) AS n FROM kinds.audit")).toEqual([{ n: 5 }]);
      await on.execute("DROP TRIGGER orders_gone");
      await on.expectEverythingEqual();
    });

    it("stored procedures and functions", async () => {
      await on.execute(
        "CREATE TABLE filled (id INT AUTO_INCREMENT PRIMARY KEY, v DOUBLE, w INT)",
        `CREATE PROCEDURE fill(n INT) BEGIN DECLARE i INT DEFAULT 0;
          WHILE i < n DO INSERT INTO filled (v, w) VALUES (RAND(), i); SET i = i + 1; END WHILE;
          UPDATE filled SET v = v + RAND() WHERE w % 2 = 0; END`,
        "CREATE FUNCTION chance(n INT) RETURNS INT NOT DETERMINISTIC RETURN FLOOR(RAND() * n)",
        "CALL fill(20)",
        "INSERT INTO filled (w) VALUES (chance(1000000)), (chance(1000000))",
        "ALTER PROCEDURE fill COMMENT 'fills a table'",
      );
      await on.expectEverythingEqual();
      expect(await on.everywhere("SELECT COUNT(*) AS n FROM kinds.filled")).toEqual([{ n: 22 }]);
      await on.execute("DROP FUNCTION chance");
      await on.expectEverythingEqual();
    });

    it("events, which run on the master alone", async () => {
      await on.execute("CREATE TABLE ticks (id INT AUTO_INCREMENT PRIMARY KEY, token CHAR(36), server INT)");
      await on.execute(
        "CREATE EVENT tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO ticks (token, server) VALUES (UUID(), @@server_id)",
        "CREATE EVENT later ON SCHEDULE AT '2037-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE COMMENT 'some day' DO DELETE FROM ticks",
      );
      const deadline = systemClock.monotonicMs() + 30_000;
      while (Number((await rowsOf(master, "SELECT COUNT(*) AS n FROM kinds.ticks"))[0]?.["n"]) < 3) {
        expect(systemClock.monotonicMs()).toBeLessThan(deadline);
        await systemClock.sleep(50);
      }
      await cluster.waitForSync();
      await expectEqualObjects(cluster);
      await on.execute("DROP EVENT tick");
      await on.expectEverythingEqual();
      expect(await on.everywhere("SELECT COUNT(DISTINCT server) AS n FROM kinds.ticks")).toEqual([{ n: 1 }]);
      expect(await rowsOf(master, "SELECT @@event_scheduler AS es")).toEqual([{ es: "ON" }]);
      for (const slave of cluster.slaves) {
        expect(await rowsOf(slave, "SELECT @@event_scheduler AS es"), slave.nodeId).toEqual([{ es: "OFF" }]);
      }
      await on.execute("DROP EVENT later");
      await on.expectEverythingEqual();
    });

    // ALTER EVENT makes whoever runs it the event's definer; the text in the binlog does not name them, its status variables do
    it("events that a client alters stay the client's on all nodes", async () => {
      await on.execute("CREATE EVENT altered ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM ticks");
      await on.execute("ALTER EVENT altered COMMENT 'one day'");
      await cluster.waitForSync();
      const definers = await Promise.all(
        cluster.nodes.map((node) =>
          rowsOf(node, "SELECT definer AS u FROM information_schema.events WHERE event_name = 'altered'"),
        ),
      );
      await on.execute("DROP EVENT altered");
      expect(definers.flat().map(({ u }) => u)).toEqual(Array(3).fill("understudy_app@%"));
    });

    it("auto-increment with rollbacks, gaps and explicit values", async () => {
      await on.execute(
        "CREATE TABLE counted (id INT AUTO_INCREMENT PRIMARY KEY, v INT UNIQUE)",
        "INSERT INTO counted (v) VALUES (1)",
      );
      for (let round = 0; round < 5; round++) {
        const refused = await first.post("/batch", {
          database: DATABASE,
          statements: [
            { sql: "INSERT INTO counted (v) VALUES (?)", params: [100 + round] },
            { sql: "INSERT INTO counted (v) VALUES (1)" },
          ],
        });
        expect(refused).toMatchObject({ status: 409, body: { code: "duplicate-key", statementIndex: 1 } });
      }
      await on.execute("INSERT INTO counted (v) VALUES (2)", "INSERT INTO counted (id, v) VALUES (1000, 3)");
      await on.direct(
        "START TRANSACTION",
        "INSERT INTO counted (v) VALUES (4)",
        "SAVEPOINT s",
        "INSERT INTO counted (v) VALUES (5)",
        "ROLLBACK TO s",
        "INSERT INTO counted (v) VALUES (6)",
        "COMMIT",
        "START TRANSACTION",
        "INSERT INTO counted (v) VALUES (7)",
        "ROLLBACK",
        "INSERT INTO counted (v) VALUES (8)",
        "INSERT IGNORE INTO counted (v) VALUES (8), (9)",
        "REPLACE INTO counted (v) VALUES (9)",
        "INSERT INTO counted (v) VALUES (9) ON DUPLICATE KEY UPDATE v = 90",
      );
      await on.expectEverythingEqual();
      const rows = await on.everywhere("SELECT id, v FROM kinds.counted ORDER BY id");
      expect(rows.map((row) => row["v"])).toEqual([1, 2, 3, 4, 6, 8, 90]);
      // gaps where rows were rolled back are kept
      expect(rows[1]?.["id"]).toBeGreaterThan(2);
    });

    it("INSERT … SELECT without an order, and CREATE TABLE … SELECT", async () => {
      await on.execute(
        "CREATE TABLE numbers (id INT AUTO_INCREMENT PRIMARY KEY, v DOUBLE, KEY (v))",
        "INSERT INTO numbers (v) VALUES (RAND()), (RAND()), (RAND()), (RAND())",
        "INSERT INTO numbers (v) SELECT v * RAND() FROM numbers",
        "INSERT INTO numbers (v) SELECT v FROM numbers LIMIT 3",
        "INSERT INTO numbers (v) SELECT a.v + RAND() FROM numbers a, numbers b WHERE a.v < b.v LIMIT 20",
        "CREATE TABLE copied SELECT id, v, RAND() AS r, NOW(6) AS at FROM numbers",
        "CREATE TABLE copied_keyed (extra INT DEFAULT 7, PRIMARY KEY (id)) SELECT * FROM numbers WHERE id > 2",
        "CREATE TABLE copied_none SELECT * FROM numbers WHERE id < 0",
        "CREATE TABLE like_numbers LIKE numbers",
        "INSERT INTO like_numbers (v) SELECT v FROM copied",
      );
      await on.expectEverythingEqual();
    });

    it("updates and deletes over several tables", async () => {
      await on.execute(
        "CREATE TABLE a (id INT PRIMARY KEY, v INT, t CHAR(36))",
        "CREATE TABLE b (id INT PRIMARY KEY, a_id INT, v INT)",
        "INSERT INTO a (id, v) VALUES (1, 1), (2, 2), (3, 3), (4, 4)",
        "INSERT INTO b VALUES (10, 1, 1), (20, 2, 2), (21, 2, 2), (30, 3, 3)",
        "UPDATE a, b SET a.v = a.v + 100, a.t = UUID(), b.v = a.id * 1000 WHERE b.a_id = a.id AND a.id < 3",
        "UPDATE a JOIN (SELECT a_id, COUNT(*) AS n FROM b GROUP BY a_id) c ON c.a_id = a.id SET a.v = c.n",
        "DELETE a, b FROM a JOIN b ON b.a_id = a.id WHERE a.id = 3",
        "DELETE FROM b WHERE a_id IN (SELECT id FROM a WHERE v = 2)",
        "REPLACE INTO a (id, v) SELECT id + 1, v FROM b",
      );
      await on.expectEverythingEqual();
    });

    it("foreign keys that cascade", async () => {
      await on.execute(
        "CREATE TABLE parent (id INT PRIMARY KEY, v INT)",
        "CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent(id) ON DELETE CASCADE ON UPDATE CASCADE)",
        "CREATE TABLE grandchild (id INT PRIMARY KEY, c INT, FOREIGN KEY (c) REFERENCES child(id) ON DELETE CASCADE)",
        "CREATE TABLE loose (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent(id) ON DELETE SET NULL ON UPDATE SET NULL)",
        "INSERT INTO parent VALUES (1, 1), (2, 2), (3, 3)",
        "INSERT INTO child VALUES (10, 1), (11, 1), (20, 2), (30, 3)",
        "INSERT INTO grandchild VALUES (100, 10), (200, 20), (300, 30)",
        "INSERT INTO loose VALUES (1, 1), (2, 2), (3, 3)",
        "UPDATE parent SET id = 5 WHERE id = 1",
        "DELETE FROM parent WHERE id = 2",
        "REPLACE INTO parent VALUES (3, 33)",
      );
      const refused = await on.refused(first, "INSERT INTO child VALUES (99, 999)");
      expect(refused).toMatchObject({ status: 409, body: { code: "constraint" } });
      await on.direct(
        "SET foreign_key_checks = 0",
        "INSERT INTO child VALUES (99, 999)",
        "DELETE FROM parent WHERE id = 5",
      );
      await on.expectEverythingEqual();
      expect(await on.everywhere("SELECT id, p FROM kinds.child ORDER BY id")).toEqual([
        { id: 10, p: 5 },
        { id: 11, p: 5 },
        { id: 99, p: 999 },
      ]);
      expect(await on.everywhere("SELECT id, p FROM kinds.loose ORDER BY id")).toEqual([
        { id: 1, p: null },
        { id: 2, p: null },
        { id: 3, p: null },
      ]);
    });

    it("ALTER TABLE of every common kind", async () => {
      await on.execute(
        "CREATE TABLE bent (id INT PRIMARY KEY, a INT, b VARCHAR(20), c INT)",
        "INSERT INTO bent VALUES (1, 1, 'one', 1), (2, 2, 'two', 2)",
        "ALTER TABLE bent ADD COLUMN d DATETIME(6) DEFAULT NOW(6), ADD COLUMN e DOUBLE FIRST",
        "ALTER TABLE bent ADD COLUMN g INT AS (a * 2) STORED, ADD COLUMN h INT AS (a + 1) VIRTUAL AFTER a",
        "INSERT INTO bent (id, a, b, c) VALUES (3, 3, 'three', 3)",
        "ALTER TABLE bent MODIFY COLUMN b VARCHAR(200) NOT NULL DEFAULT 'x' COMMENT 'größe 🎭'",
        "ALTER TABLE bent CHANGE COLUMN c renamed BIGINT UNSIGNED",
        "ALTER TABLE bent RENAME COLUMN e TO f",
        "ALTER TABLE bent ALTER COLUMN b SET DEFAULT 'y', ADD UNIQUE KEY by_b (b), ADD KEY by_a (a, renamed)",
        "ALTER TABLE bent ADD CONSTRAINT small CHECK (a < 1000)",
        "INSERT INTO bent (id, a) VALUES (4, 4)",
        "ALTER TABLE bent RENAME INDEX by_a TO by_both",
        "CREATE INDEX by_d ON bent (d)",
        "DROP INDEX by_d ON bent",
        "ALTER TABLE bent DROP CONSTRAINT small, DROP COLUMN f, DROP INDEX by_both",
        "ALTER TABLE bent CONVERT TO CHARACTER SET latin1",
        "ALTER TABLE bent CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        "ALTER TABLE bent DROP PRIMARY KEY, ADD PRIMARY KEY (id, b)",
        "ALTER TABLE bent ENGINE=InnoDB, ROW_FORMAT=DYNAMIC, COMMENT='bent'",
        "ALTER TABLE bent AUTO_INCREMENT=500",
        "ALTER TABLE bent DROP INDEX by_b",
        "ALTER TABLE bent PARTITION BY HASH (id) PARTITIONS 3",
        "ALTER TABLE bent REMOVE PARTITIONING",
        "ALTER TABLE bent RENAME TO straight",
        "UPDATE straight SET b = UUID()",
        "ANALYZE TABLE straight",
        "OPTIMIZE TABLE straight",
        "ALTER DATABASE kinds CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        "CREATE TABLE after_all (v VARCHAR(10))",
      );
      await on.expectEverythingEqual();
    });

    it("views, RENAME, TRUNCATE and DROP", async () => {
      await on.execute(
        "CREATE TABLE base (id INT PRIMARY KEY, v INT)",
        "CREATE VIEW seen AS SELECT id, v * 2 AS w, 'größe 🎭' AS t FROM base WHERE v > 0",
        "CREATE VIEW through AS SELECT id, v FROM base WHERE v > 0 WITH CASCADED CHECK OPTION",
        "INSERT INTO through VALUES (1, 1), (2, 2)",
        "ALTER VIEW seen AS SELECT id, v * 3 AS w FROM base",
        "CREATE OR REPLACE VIEW seen AS SELECT id, v * 4 AS w FROM base",
        "CREATE VIEW gone AS SELECT 1 AS one",
        "DROP VIEW gone",
        "CREATE TABLE other (id INT PRIMARY KEY)",
        "RENAME TABLE base TO passing, other TO base2, passing TO base",
        "CREATE TABLE emptied (id INT AUTO_INCREMENT PRIMARY KEY, v INT)",
        "INSERT INTO emptied (v) VALUES (1), (2), (3)",
        "TRUNCATE TABLE emptied",
        "INSERT INTO emptied (v) VALUES (4)",
        "CREATE TABLE dropped (id INT)",
        "DROP TABLE dropped, base2",
        "DROP TABLE IF EXISTS never_there",
        "CREATE TABLE IF NOT EXISTS emptied (id INT)",
      );
      await on.expectEverythingEqual();
      expect(await on.everywhere("SELECT * FROM kinds.seen ORDER BY id")).toEqual([
        { id: 1, w: 4 },
        { id: 2, w: 8 },
      ]);
      expect(await on.everywhere("SELECT * FROM kinds.emptied")).toEqual([{ id: 1, v: 4 }]);
    });

    it("a row that a view's CHECK OPTION refuses violates a constraint", async () => {
      const refused = await on.refused(second, "INSERT INTO through VALUES (3, -1)");
      expect(refused).toMatchObject({ status: 409, body: { code: "constraint" } });
    });

    it("have broken nothing, and replication goes on", async () => {
      await on.expectUnharmed();
    });
  });
}
