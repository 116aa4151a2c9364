// A database server that is killed while it writes a large transaction may leave a torn one at the end of its binlog (MariaDB
// does, and then refuses to send that file to its own replicas beyond it). Slaves must go on behind it without a person.
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { systemClock } from "@understudy/kernel";
import { expectAllEqual, rowsOf, sql, startCluster, type Cluster } from "../src/index.ts";

const ROWS = 30;
const ROW_BYTES = 2_000_000;
const KILL_AFTER_MS = [20, 45, 70, 110];

/** Kills the master's database server that long after a commit of 60 MB was asked for. */
async function killDuringCommit(cluster: Cluster, afterMs: number): Promise<void> {
  const { master } = cluster;
  await using connection = await sql(master);
  await connection.query("BEGIN");
  for (let row = 0; row < ROWS; row++) {
    await connection.query("INSERT INTO torn.t (content) VALUES (REPEAT('x', ?))", [ROW_BYTES]);
  }
  const commit = connection.query("COMMIT").catch(() => undefined);
  await systemClock.sleep(afterMs);
  await master.database.killHard();
  await commit;
  await master.database.start();
}

for (const flavour of testFlavours()) {
  describe(`a large commit cut by kill -9 on ${flavour}`, () => {
    it("stops no slave, whatever it leaves in the binlog", { timeout: 180_000 }, async () => {
      await using cluster = await startCluster({ flavour, slaves: 2 });
      {
        await using connection = await sql(cluster.master);
        await connection.query("CREATE DATABASE torn");
        await connection.query("CREATE TABLE torn.t (id INT AUTO_INCREMENT PRIMARY KEY, content LONGBLOB)");
      }
      await cluster.waitForSync();
      for (const afterMs of KILL_AFTER_MS) {
        await killDuringCommit(cluster, afterMs);
        await using connection = await sql(cluster.master);
        await connection.query("INSERT INTO torn.t (content) VALUES ('behind it')");
        await cluster.waitForSync(60_000);
      }
      await expectAllEqual(cluster);
      const [count] = await rowsOf(cluster.master, "SELECT COUNT(*) AS n FROM torn.t");
      expect(Number(count?.["n"]) % ROWS, "each large transaction is whole or absent").toBe(
        KILL_AFTER_MS.length,
      );
      await cluster.waitUntilReplicating();
    });
  });
}
