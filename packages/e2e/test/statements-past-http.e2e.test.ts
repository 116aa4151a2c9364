// Statements that only a session of its own can hold, and accounts: refused by HTTP with the reason named, and equal on all nodes
// where somebody runs them on the master's database server.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { startCluster, type Cluster } from "../src/index.ts";
import { openStatementRunner, type StatementRunner } from "./statement-runner.ts";

for (const flavour of testFlavours()) {
  describe(`statements past HTTP on ${flavour}`, { timeout: 120_000 }, () => {
    let cluster: Cluster;
    let on: StatementRunner;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 2 });
      on = await openStatementRunner(cluster, "kinds");
      await on.execute(
        "CREATE TABLE emptied (id INT PRIMARY KEY, v INT)",
        "CREATE PROCEDURE fill() DELETE FROM emptied",
      );
    });

    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
    });

    it("temporary tables: refused by HTTP, and without trace for others when used past it", async () => {
      await on.expectNotAllowed(
        "CREATE TEMPORARY TABLE scratch (a INT)",
        /temporary table.*would not outlive the call/,
      );
      await on.expectNotAllowed("DROP TEMPORARY TABLE scratch", /temporary table/);
      await on.direct(
        "CREATE TABLE kept (a INT PRIMARY KEY, r DOUBLE)",
        "CREATE TEMPORARY TABLE scratch (a INT PRIMARY KEY, r DOUBLE)",
        "INSERT INTO scratch VALUES (1, RAND()), (2, RAND())",
        "START TRANSACTION",
        "UPDATE scratch SET r = r + 1",
        "INSERT INTO kept SELECT * FROM scratch",
        "COMMIT",
        "ALTER TABLE scratch ADD COLUMN b INT",
        "TRUNCATE TABLE scratch",
        "CREATE TEMPORARY TABLE scratch2 SELECT * FROM kept",
        "DROP TEMPORARY TABLE scratch",
        // left behind: the server drops it when the session ends
        "UPDATE kept JOIN scratch2 USING (a) SET kept.r = scratch2.r + 5",
      );
      await on.expectEverythingEqual();
      expect(await on.everywhere("SELECT a, r > 6 AS b FROM kinds.kept")).toEqual([
        { a: 1, b: 1 },
        { a: 2, b: 1 },
      ]);
    });

    it("users and grants: refused by HTTP, equal everywhere when made past it", async () => {
      await on.expectNotAllowed(
        "CREATE USER somebody IDENTIFIED BY 'Secret-Word1'",
        /managed by a person with a mysql client/,
      );
      await on.expectNotAllowed(
        "GRANT SELECT ON kinds.* TO somebody",
        /managed by a person with a mysql client/,
      );
      const password = (text: string): string => (flavour === "mysql" ? `'${text}'` : `PASSWORD('${text}')`);
      await on.direct(
        "CREATE USER reporter@'%' IDENTIFIED BY 'first-Word1'",
        "GRANT SELECT, INSERT ON kinds.* TO reporter@'%'",
        "GRANT UPDATE (v) ON kinds.emptied TO reporter@'%'",
        "GRANT EXECUTE ON PROCEDURE kinds.fill TO reporter@'%'",
        "REVOKE INSERT ON kinds.* FROM reporter@'%'",
        `SET PASSWORD FOR reporter@'%' = ${password("second-Word2")}`,
        "CREATE ROLE readers",
        "GRANT SELECT ON kinds.* TO readers",
        "GRANT readers TO reporter@'%'",
        "CREATE USER passing@localhost",
        "RENAME USER passing@localhost TO passed@localhost",
        "DROP USER passed@localhost",
        "CREATE USER kept@'10.%' REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 7",
      );
      await on.expectEverythingEqual();
      const column = flavour === "mysql" ? "authentication_string" : "password";
      const [secret] = await on.everywhere(
        `SELECT ${column} AS secret FROM mysql.user WHERE user = 'reporter'`,
      );
      expect(secret?.["secret"]).toBeTruthy();
    });

    it("XA transactions: refused by HTTP, equal everywhere when made past it", async () => {
      await on.expectNotAllowed("XA START 'one'", /transaction does not outlive the call/);
      await on.direct(
        "CREATE TABLE branches (id INT PRIMARY KEY, r DOUBLE)",
        "XA START 'one', 'branch', 7",
        "INSERT INTO branches VALUES (1, RAND())",
        "XA END 'one', 'branch', 7",
        "XA PREPARE 'one', 'branch', 7",
        "XA COMMIT 'one', 'branch', 7",
        "XA START 'two'",
        "INSERT INTO branches VALUES (2, RAND())",
        "XA END 'two'",
        "XA PREPARE 'two'",
        "XA ROLLBACK 'two'",
        "XA START 'three'",
        "INSERT INTO branches VALUES (3, RAND())",
        "XA END 'three'",
        "XA COMMIT 'three' ONE PHASE",
        "INSERT INTO branches VALUES (4, RAND())",
      );
      await on.expectEverythingEqual();
      expect(await on.everywhere("SELECT id FROM kinds.branches ORDER BY id")).toEqual([
        { id: 1 },
        { id: 3 },
        { id: 4 },
      ]);
    });

    it("an XA transaction that stays prepared while others commit", async () => {
      await on.direct(
        "CREATE TABLE waiting (id INT PRIMARY KEY)",
        "XA START 'open'",
        "INSERT INTO waiting VALUES (1)",
        "XA END 'open'",
        "XA PREPARE 'open'",
      );
      await on.execute("INSERT INTO waiting VALUES (2)");
      await cluster.waitForSync();
      expect(await on.everywhere("SELECT id FROM kinds.waiting")).toEqual([{ id: 2 }]);
      await on.direct("XA COMMIT 'open'");
      await on.expectEverythingEqual();
      expect(await on.everywhere("SELECT id FROM kinds.waiting ORDER BY id")).toEqual([{ id: 1 }, { id: 2 }]);
    });

    it("have broken nothing, and replication goes on", async () => {
      await on.expectUnharmed();
    });
  });
}
