import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBinlogProgram, testFlavours } from "@understudy/database-server";
import { TestSession } from "@understudy/database-server/test-session";
import { ReplicationPair } from "./replication-pair.ts";

describe.runIf(testFlavours().includes("mariadb"))("transactions with sequences", () => {
  let pair: ReplicationPair;

  beforeAll(async () => {
    pair = await ReplicationPair.open("mariadb", { lockWaitSeconds: 1 });
    await pair.onSource.run(
      "CREATE DATABASE seqs",
      "USE seqs",
      "CREATE SEQUENCE cached CACHE 5",
      "CREATE SEQUENCE plain NOCACHE",
      "CREATE SEQUENCE down INCREMENT BY -2 MINVALUE -1000 MAXVALUE 100 START WITH 100 CACHE 3",
      "CREATE SEQUENCE circle MINVALUE 1 MAXVALUE 7 CACHE 2 CYCLE",
      "CREATE TABLE item (id BIGINT DEFAULT NEXTVAL(cached) PRIMARY KEY, other BIGINT DEFAULT NEXTVAL(plain), v INT)",
      "CREATE TABLE note (id INT AUTO_INCREMENT PRIMARY KEY, v BIGINT)",
      "CREATE TABLE loose (v BIGINT) ENGINE=Aria",
    );
    await pair.catchUp();
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  /** Delivers, and expects equal servers and as many transactions as the source has written. */
  async function deliver(): Promise<void> {
    const written = (): Promise<{ n: string }[]> =>
      pair.onSource.rows("SELECT SUBSTRING_INDEX(@@gtid_binlog_pos, '-', -1) AS n");
    const reached = Number(pair.applier.position.toString().split("-").at(-1));
    expect(await pair.catchUp()).toBe(Number((await written())[0]?.n) - reached);
    await pair.expectEqual();
  }

  it("are applied once, and so is what follows, in one batch", async () => {
    for (let round = 0; round < 30; round++) {
      await pair.onSource.run(
        `INSERT INTO item (v) VALUES (${round})`,
        `INSERT INTO note (v) VALUES (${round})`,
        `INSERT INTO note (v) SELECT NEXTVAL(circle) FROM note LIMIT 3`,
        `UPDATE note SET v = NEXTVAL(down) WHERE id = ${round}`,
      );
    }
    await deliver();
  });

  it("are applied once where the sequence is the last statement of a delivery", async () => {
    await pair.onSource.run("INSERT INTO note (v) VALUES (0)", "INSERT INTO item (v) VALUES (1)");
    await deliver();
    await pair.onSource.run("SELECT NEXTVAL(cached) FROM note LIMIT 9");
    await deliver();
    await pair.onSource.run("INSERT INTO note (v) VALUES (NEXTVAL(plain))");
    await deliver();
  });

  it.each([
    [
      "NEXTVAL and SETVAL alone",
      ["SELECT NEXTVAL(plain)", "SELECT SETVAL(cached, 5000)", "DO NEXTVAL(circle)"],
    ],
    [
      "several in one statement",
      ["SELECT NEXTVAL(plain), NEXTVAL(down), NEXTVAL(circle), SETVAL(cached, 7000)"],
    ],
    [
      "several in one transaction",
      [
        "BEGIN",
        "INSERT INTO item (v) VALUES (2), (3)",
        "INSERT INTO note (v) VALUES (NEXTVAL(circle)), (NEXTVAL(down))",
        "SELECT NEXTVAL(plain)",
        "DELETE FROM note WHERE id < 5",
        "COMMIT",
        "INSERT INTO note (v) VALUES (8)",
      ],
    ],
    [
      "rolled back",
      [
        "BEGIN",
        "INSERT INTO item (v) SELECT v FROM item",
        "SELECT NEXTVAL(circle)",
        "ROLLBACK",
        "INSERT INTO note (v) VALUES (9)",
      ],
    ],
    [
      "rolled back by a failure",
      [
        "INSERT IGNORE INTO item (id, v) SELECT NEXTVAL(plain), 5 FROM note",
        "INSERT INTO note (v) VALUES (10)",
      ],
    ],
    [
      "CREATE, ALTER and DROP between",
      [
        "INSERT INTO item (v) VALUES (4)",
        "CREATE SEQUENCE fleeting CACHE 3",
        "INSERT INTO note (v) VALUES (NEXTVAL(fleeting))",
        "ALTER SEQUENCE fleeting RESTART 3",
        "INSERT INTO note (v) VALUES (NEXTVAL(fleeting)), (NEXTVAL(plain))",
        "ALTER SEQUENCE fleeting INCREMENT BY 5 MAXVALUE 1000",
        "INSERT INTO fleeting VALUES (50, 1, 1000, 1, 5, 3, 0, 0)",
        "INSERT INTO note (v) VALUES (NEXTVAL(fleeting))",
        "DROP SEQUENCE fleeting",
        "INSERT INTO item (v) VALUES (5)",
      ],
    ],
    [
      "tables without transactions beside them",
      [
        "INSERT INTO loose VALUES (NEXTVAL(plain)), (NEXTVAL(down))",
        "INSERT INTO loose VALUES (1)",
        "INSERT INTO note (v) VALUES (11)",
      ],
    ],
    [
      "a trigger that writes to a table without transactions",
      [
        "CREATE TRIGGER audit AFTER INSERT ON note FOR EACH ROW INSERT INTO loose VALUES (NEW.v)",
        "INSERT INTO note (v) VALUES (12), (NEXTVAL(plain))",
        "INSERT INTO note (v) VALUES (13)",
        "DROP TRIGGER audit",
      ],
    ],
    [
      "a row trigger that draws numbers",
      [
        "CREATE TRIGGER draw BEFORE UPDATE ON note FOR EACH ROW SET NEW.v = NEXTVAL(plain)",
        "UPDATE note SET v = 0 WHERE id < 20",
        "INSERT INTO note (v) VALUES (14)",
        "DROP TRIGGER draw",
      ],
    ],
    [
      "a sequence that is used up",
      [
        "CREATE SEQUENCE short MAXVALUE 4 CACHE 2",
        "INSERT INTO note (v) VALUES (NEXTVAL(short)), (NEXTVAL(short)), (NEXTVAL(short)), (NEXTVAL(short))",
        "INSERT INTO note (v) VALUES (15)",
      ],
    ],
  ])("are applied once with %s", async (_name, statements) => {
    await pair.onSource.run(...statements);
    await deliver();
    // and one by one
    for (const statement of statements.filter(
      (text) => /NEXTVAL|item/.test(text) && !/TRIGGER|fleeting|short/.test(text),
    )) {
      await pair.onSource.run(statement);
      await deliver();
    }
  });

  it("keep their form in the slave's binlog", async () => {
    const before = await pair.onReplica.rows("SHOW MASTER STATUS");
    await pair.onSource.run("INSERT INTO item (v) SELECT v FROM item LIMIT 20");
    await deliver();
    const basename = String((await pair.onReplica.rows("SELECT @@log_bin_basename AS b"))[0]?.["b"]);
    const file = join(basename, "..", String(before[0]?.["File"]));
    const program = await findBinlogProgram("mariadb");
    if (program === null) throw new Error("the program that prints binlogs is not installed");
    const text = execFileSync(program, [
      "-v",
      "--base64-output=decode-rows",
      `--start-position=${before[0]?.["Position"]}`,
      file,
    ]).toString();
    expect(text.match(/GTID \d+-\d+-\d+ /g)).toHaveLength(1);
    expect(text).toContain("INSERT INTO `seqs`.`cached`");
    expect(text).toContain("INSERT INTO `seqs`.`plain`");
    expect(text).toMatch(/Xid = /);
  });

  it("are applied once where they are long", { timeout: 120_000 }, async () => {
    await pair.onSource.run(
      "CREATE TABLE wide (id BIGINT DEFAULT NEXTVAL(plain) PRIMARY KEY, turn BIGINT DEFAULT NEXTVAL(circle), filling VARCHAR(1000))",
      "INSERT INTO wide (filling) SELECT REPEAT('a', 900) FROM item a, item b LIMIT 4000",
      "INSERT INTO note (v) VALUES (15)",
      "UPDATE wide SET turn = NEXTVAL(cached), filling = CONCAT(filling, 'b')",
      "INSERT INTO note (v) VALUES (16)",
      // a sequence alone, beyond a part
      "SELECT COUNT(NEXTVAL(plain)) FROM wide a, item b LIMIT 1",
      "INSERT INTO item (v) VALUES (6)",
    );
    await deliver();
    expect(await pair.onReplica.rows("SELECT COUNT(*) AS n FROM seqs.wide")).toEqual([{ n: "4000" }]);
    // nothing of the session's own may come into the binlog when it ends
    await pair.applier.refresh();
    await pair.expectEqual();
  });

  it("wait for a lock on their rows and are applied once behind it", async () => {
    using blocker = await TestSession.open(pair.replica);
    await pair.onSource.run(
      "UPDATE note SET v = NEXTVAL(plain) WHERE id = 10",
      "INSERT INTO note (v) VALUES (17)",
    );
    await blocker.run("BEGIN", "SELECT * FROM seqs.note WHERE id = 10 FOR UPDATE");
    const applying = pair.catchUp();
    await expect.poll(() => pair.log.includes("applier.lock-wait"), { timeout: 30_000 }).toBe(true);
    await blocker.run("ROLLBACK");
    expect(await applying).toBe(2);
    await pair.expectEqual();
  });
});
