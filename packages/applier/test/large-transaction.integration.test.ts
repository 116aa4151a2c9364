import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { ReplicationPair } from "./replication-pair.ts";

const MIB = 1024 * 1024;

describe.each(testFlavours())("large transactions on %s", (flavour) => {
  let pair: ReplicationPair;

  beforeAll(async () => {
    pair = await ReplicationPair.open(flavour);
    await pair.onSource.run(
      "CREATE DATABASE big",
      "USE big",
      "CREATE TABLE wide (id INT PRIMARY KEY AUTO_INCREMENT, n INT, text VARCHAR(2000))",
      "CREATE TABLE other (id INT PRIMARY KEY AUTO_INCREMENT, n INT, text VARCHAR(2000))",
      "CREATE TABLE blobs (id INT PRIMARY KEY, b LONGBLOB)",
      "INSERT INTO wide (n, text) VALUES (1, REPEAT('a', 1000))",
    );
    // 2^15 rows
    for (let round = 0; round < 15; round++)
      await pair.onSource.run("INSERT INTO wide (n, text) SELECT n + 1, text FROM wide");
    await pair.catchUp();
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  it("of 100 MB, over several tables and statements, take flat memory", async () => {
    await pair.onSource.run(
      "BEGIN",
      "UPDATE wide SET n = n + 1, text = CONCAT(SUBSTR(text, 2), 'b')",
      "INSERT INTO other SELECT * FROM wide",
      "UPDATE wide, other SET wide.n = 7, other.n = 8 WHERE wide.id = other.id AND wide.id < 2000",
      "DELETE FROM other WHERE id % 2 = 0",
      "COMMIT",
    );
    const { bytes } = pair.applier.stats;
    const before = process.memoryUsage.rss();
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
    await pair.catchUp();
    clearInterval(watch);
    expect(pair.applier.stats.bytes - bytes).toBeGreaterThan(100 * MIB);
    expect((peak - before) / MIB).toBeLessThan(100);
    await pair.expectEqual();
  });

  it("of single rows larger than a part arrive whole", async () => {
    await pair.onSource.run(
      `INSERT INTO blobs VALUES (1, REPEAT('x', ${3 * MIB}))`,
      `INSERT INTO blobs VALUES (2, REPEAT('y', ${20 * MIB})), (3, 'small'), (4, REPEAT('z', ${2 * MIB}))`,
      "UPDATE blobs SET b = CONCAT(b, 'more') WHERE id = 1",
    );
    await pair.catchUp();
    await pair.expectEqual();
  });

  it("with an event beyond the server's max_allowed_packet say so, and go on when it is raised", async () => {
    await pair.onReplica.run(`SET GLOBAL max_allowed_packet=${4 * MIB}`);
    // a session keeps the limit that it began with
    const [session] = await pair.onReplica.rows("SELECT IS_USED_LOCK('understudy.applier') AS id");
    await pair.onReplica.run(`KILL ${session?.["id"]}`);
    await pair.applier.refresh();
    await pair.onSource.run(`INSERT INTO blobs VALUES (5, REPEAT('w', ${6 * MIB}))`);
    await expect(pair.catchUp()).rejects.toMatchObject({
      code: "apply-failed",
      message: expect.stringContaining("max_allowed_packet") as string,
      details: { table: "big.blobs", errno: 1153 },
    });
    await pair.onReplica.run(`SET GLOBAL max_allowed_packet=${1024 * MIB}`);
    await pair.applier.resume();
    expect(await pair.catchUp()).toBe(1);
    await pair.expectEqual();
  });

  it("made of CREATE TABLE … SELECT are made whole", async () => {
    await pair.onSource.run("CREATE TABLE copied (PRIMARY KEY (id)) SELECT * FROM wide WHERE id < 5000");
    await pair.catchUp();
    await pair.expectEqual();
  });
});
