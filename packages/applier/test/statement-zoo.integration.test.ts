import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { TestSession } from "@understudy/database-server/test-session";
import { ReplicationPair } from "./replication-pair.ts";
import { statementZoo } from "./statement-zoo.ts";

describe.each(testFlavours())("statements of every kind on %s", (flavour) => {
  let pair: ReplicationPair;

  beforeAll(async () => {
    pair = await ReplicationPair.open(flavour);
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  it("leave both servers equal", async () => {
    const password = flavour === "mysql" ? "'second-Word2'" : "PASSWORD('second-Word2')";
    for (const sql of statementZoo(flavour)) await pair.onSource.run(sql.replace("{password}", password));
    await pair.catchUp();
    await pair.expectEqual();
    expect(await pair.catchUp()).toBe(0);
  });

  it("of an XA transaction may have others between its halves", async () => {
    using other = await TestSession.open(pair.source);
    await other.run(
      "XA START 'waits'",
      "INSERT INTO zoo.child (id) VALUES (7000)",
      "XA END 'waits'",
      "XA PREPARE 'waits'",
    );
    await pair.onSource.run(
      "INSERT INTO zoo.copied VALUES {row}".replace("{row}", flavour === "mysql" ? "(7001, 1)" : "(7001)"),
      "CREATE TABLE zoo.between_halves AS SELECT 1 AS one",
    );
    await pair.catchUp();
    await pair.applier.refresh();
    await other.run("XA COMMIT 'waits'");
    await pair.onSource.run("CREATE TABLE zoo.after_both (id INT)");
    await pair.catchUp();
    await pair.expectEqual();
  });

  it("on tables without transactions are applied too", async () => {
    const engine = flavour === "mysql" ? "MyISAM" : "Aria";
    await pair.onSource.run(
      `CREATE TABLE zoo.loose (id INT PRIMARY KEY, v INT) ENGINE=${engine}`,
      "INSERT INTO zoo.loose VALUES (1, 1), (2, 2)",
      "UPDATE zoo.loose SET v = v + 1",
      "DELETE FROM zoo.loose WHERE id = 1",
    );
    await pair.catchUp();
    await pair.expectEqual();
  });

  it("in the client's character set keep their bytes", async () => {
    using session = await TestSession.open(pair.source);
    await session.run("CREATE DATABASE IF NOT EXISTS charsets", "USE charsets");
    for (const charset of ["latin1", "gbk", "sjis", "cp1251", "utf8mb4"]) {
      await session.run(
        `SET NAMES ${charset}`,
        // the bytes of 'ä' in utf8 are something in each of them
        `CREATE TABLE in_${charset} (a VARCHAR(20) DEFAULT 'ä' COMMENT 'ä')`,
        `INSERT INTO in_${charset} VALUES (DEFAULT), ('ää')`,
        `CREATE VIEW view_${charset} AS SELECT 'ä' AS x`,
        `CREATE TABLE copy_${charset} AS SELECT * FROM in_${charset}`,
      );
    }
    await pair.catchUp();
    await pair.expectEqual();
  });
});
