import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readExecutedPosition } from "@understudy/binlog";
import { testFlavours } from "@understudy/database-server";
import type { QuarantineManifest, QuarantineReport } from "@understudy/protocol";
import { PartedPair } from "./parted-pair.ts";

/** `applied`, `skipped`, or the kind of the conflict, one a transaction. */
function outcomes(report: QuarantineReport): string[] {
  return report.outcomes.map(({ outcome, conflict }) => conflict?.kind ?? outcome);
}

function unchecked(report: QuarantineReport): string[] {
  return report.outcomes.flatMap((outcome) => outcome.unchecked);
}

async function saved(pair: PartedPair): Promise<QuarantineManifest> {
  const { manifest } = await pair.save();
  if (!manifest) throw new Error("nothing was saved");
  return manifest;
}

async function checksums(pair: PartedPair, ...tables: readonly string[]): Promise<readonly unknown[]> {
  const sql = `CHECKSUM TABLE ${tables.join(", ")}`;
  return [await pair.onNode.rows(sql), await pair.onMaster.rows(sql)];
}

const KINDS = `(id INT PRIMARY KEY AUTO_INCREMENT, a TINYINT, b SMALLINT UNSIGNED, c MEDIUMINT, d BIGINT UNSIGNED,
  e DECIMAL(30,10), f FLOAT, g DOUBLE, h BIT(13), i DATE, j TIME(6), k DATETIME(3), l TIMESTAMP(6) NULL, m YEAR,
  n CHAR(10), o VARCHAR(300), p BINARY(8), q VARBINARY(300), r TINYBLOB, s LONGBLOB, t MEDIUMTEXT,
  u ENUM('x','y','z'), v SET('p','q','r'), w JSON, x GEOMETRY, y POINT, z VARCHAR(20) CHARACTER SET latin1,
  aa INT AS (a + 1) STORED, ab INT AS (a + 2) VIRTUAL, KEY (ab))`;
const KINDS_COLUMNS = "(id,a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z)";
const KINDS_ROW = `-128,65535,-8388608,18446744073709551615,-12345678901234567890.0123456789,1.5,-2.25e300,
  b'1010101010101','2024-02-29','-838:59:59','2024-02-29 23:59:59.999','2024-01-01 00:00:00.123456',2155,'abc',
  'größe',X'0001',X'ff00fe',X'','',REPEAT('lang',9000),'y','p,r','{"a":[1,2,{"b":null}]}',
  ST_GeomFromText('LINESTRING(0 0,1 1,2 0)'),ST_GeomFromText('POINT(1 2)'),'ÄÖÜ'`;

describe.each(testFlavours())("errant transactions applied on %s", (flavour) => {
  let pair: PartedPair;

  beforeAll(async () => {
    pair = await PartedPair.open(flavour);
    await pair.share("CREATE DATABASE shop", "USE shop", "CREATE DATABASE understudy");
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  it("of every type, with DDL among them, are all applied under GTIDs of the master's own", async () => {
    await pair.share(
      `CREATE TABLE kinds ${KINDS}`,
      `INSERT INTO kinds ${KINDS_COLUMNS} VALUES (1,${KINDS_ROW}),(2,${KINDS_ROW}),(3,${KINDS_ROW})`,
      "CREATE TABLE keyless (a INT, b VARCHAR(10))",
      "INSERT INTO keyless VALUES (1,'x'),(1,'x'),(2,'y')",
      "CREATE TABLE `odd``name` (`größe` VARCHAR(20) CHARACTER SET utf8mb4, n INT, PRIMARY KEY (`größe`, n), UNIQUE (n))",
    );
    await pair.onMaster.run("INSERT INTO kinds (id) VALUES (100)");
    await pair.onNode.run(
      `INSERT INTO kinds ${KINDS_COLUMNS} VALUES (10,${KINDS_ROW}),(11,${KINDS_ROW})`,
      "UPDATE kinds SET a = 7, o = 'changed', t = CONCAT(t, '!'), w = '[]', x = y WHERE id IN (1, 2, 10)",
      "DELETE FROM kinds WHERE id IN (3, 11)",
      "UPDATE keyless SET b = 'z' WHERE a = 1 LIMIT 1",
      "DELETE FROM keyless WHERE a = 2",
      "INSERT INTO `odd``name` VALUES ('ä', 1), ('b', 2)",
      "UPDATE `odd``name` SET `größe` = 'Ä' WHERE n = 1",
      "ALTER TABLE keyless ADD COLUMN c INT DEFAULT 5",
      "UPDATE keyless SET c = a",
      "CREATE TABLE copied AS SELECT id, o FROM kinds WHERE id < 50",
      "SET sql_mode='ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
      `CREATE TABLE "quoted" ("a" VARCHAR(20) DEFAULT 'back\\slash')`,
      "SET sql_mode=DEFAULT",
      "INSERT INTO quoted VALUES (DEFAULT)",
      "BEGIN",
      "INSERT INTO kinds (id, a) VALUES (20, 1)",
      "UPDATE kinds SET a = 2 WHERE id = 20",
      "UPDATE kinds SET a = 3 WHERE id = 20",
      "INSERT INTO kinds (id, a) VALUES (20, 9) ON DUPLICATE KEY UPDATE a = 4",
      "COMMIT",
    );
    const manifest = await saved(pair);
    const before = await readExecutedPosition(pair.onMaster, flavour);
    const report = await pair.apply(manifest);
    expect(outcomes(report)).toEqual(Array.from({ length: 13 }, () => "applied"));
    expect(unchecked(report)).toEqual([]);
    expect(report).toMatchObject({ applied: 13, conflicts: 0, skipped: 0, moreOutcomes: 0 });
    await pair.onMaster.run("DELETE FROM kinds WHERE id = 100");
    const [onNode, onMaster] = await checksums(pair, "kinds", "keyless", "`odd``name`", "copied", "quoted");
    expect(onMaster).toEqual(onNode);
    const after = await readExecutedPosition(pair.onMaster, flavour);
    const { items } = await pair.quarantine.transactions(manifest.id, { limit: 100 });
    expect(after.contains(before)).toBe(true);
    if (flavour === "mysql") expect(items.filter(({ gtid }) => after.containsGtid(gtid))).toEqual([]);
    else
      expect(
        after
          .toString()
          .split(",")
          .every((gtid) => gtid.startsWith("0-2-")),
      ).toBe(true);
    const left = await pair.onMaster.rows("SHOW TABLES IN understudy");
    expect(left.flatMap((row) => Object.values(row))).toEqual(["quarantine_applied"]);
  });

  it("are skipped when they were applied before, and filed with the entry", async () => {
    const [entry] = (await pair.quarantine.list({ limit: 1 })).items;
    if (!entry) throw new Error("no entry");
    const report = await pair.apply(entry.manifest);
    expect(report).toMatchObject({ applied: 0, conflicts: 0, skipped: 13 });
    await pair.quarantine.fileReport(entry.manifest.id, report);
    expect(await pair.quarantine.get(entry.manifest.id)).toMatchObject({ state: "applied", report });
  });

  it("are in conflict one by one where the master's rows went another way, and change nothing then", async () => {
    await pair.share(
      "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), u INT UNIQUE)",
      "INSERT INTO t VALUES (1,'a',1),(2,'b',2),(3,'c',3),(4,'d',4),(5,'e',5),(6,'f',6),(7,'g',7)",
      "CREATE TABLE parent (id INT PRIMARY KEY)",
      "INSERT INTO parent VALUES (1),(2)",
      "CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id))",
      "CREATE TABLE gone (id INT PRIMARY KEY)",
      "CREATE TABLE moved (id INT PRIMARY KEY, a INT, b INT)",
      "CREATE TABLE loose (a INT)",
      "INSERT INTO loose VALUES (1)",
      "CREATE TABLE understudy.heartbeat (id INT PRIMARY KEY, at INT)",
      "INSERT INTO understudy.heartbeat VALUES (1, 1)",
    );
    await pair.onNode.run(
      "BEGIN",
      "INSERT INTO t VALUES (100,'with',100)",
      "UPDATE t SET v = 'errant' WHERE id = 1",
      "COMMIT",
      "UPDATE t SET v = 'same' WHERE id = 2",
      "UPDATE t SET v = 'x' WHERE id = 3",
      "DELETE FROM t WHERE id = 4",
      "DELETE FROM t WHERE id = 5",
      "INSERT INTO t VALUES (200,'n',200)",
      "INSERT INTO t VALUES (201,'n',201)",
      "INSERT INTO t VALUES (202,'n',202)",
      "INSERT INTO child VALUES (1, 2)",
      "INSERT INTO gone VALUES (1)",
      "INSERT INTO moved VALUES (1, 2, 3)",
      "DELETE FROM loose WHERE a = 1",
      "UPDATE understudy.heartbeat SET at = 2",
      "UPDATE t SET v = 'G' WHERE id = 7",
      "UPDATE t SET v = 'fine' WHERE id = 6",
    );
    await pair.onMaster.run(
      "UPDATE t SET v = 'master' WHERE id = 1",
      "UPDATE t SET v = 'same' WHERE id = 2",
      "DELETE FROM t WHERE id = 3",
      "DELETE FROM t WHERE id = 4",
      "UPDATE t SET v = 'E' WHERE id = 5",
      "INSERT INTO t VALUES (200,'n',200),(201,'other',300),(999,'n',202)",
      "DELETE FROM parent WHERE id = 2",
      "DROP TABLE gone",
      "ALTER TABLE moved DROP COLUMN a, ADD COLUMN c INT FIRST",
      "DELETE FROM loose",
      "UPDATE understudy.heartbeat SET at = 77",
      // differs in its case only, which the collation does not see
      "UPDATE t SET v = 'g' WHERE id = 7",
    );
    const manifest = await saved(pair);
    const expected = [
      "row-differs",
      "already-there",
      "row-missing",
      "row-missing",
      "row-differs",
      "already-there",
      "duplicate-key",
      "duplicate-key",
      "constraint",
      "table-missing",
      "table-differs",
      "row-missing",
      "skipped",
      "applied",
      "applied",
    ];
    const contents = await pair.onMaster.rows("SELECT * FROM t ORDER BY id");
    const position = await readExecutedPosition(pair.onMaster, flavour);
    const check = await pair.apply(manifest, { mode: "check" });
    expect(outcomes(check)).toEqual(expected);
    expect(unchecked(check)).toEqual([]);
    expect(await pair.onMaster.rows("SELECT * FROM t ORDER BY id")).toEqual(contents);
    expect((await readExecutedPosition(pair.onMaster, flavour)).toString()).toBe(position.toString());

    const stopped = await pair.apply(manifest, { onConflict: "stop" });
    expect(outcomes(stopped)).toEqual(["row-differs", ...Array.from({ length: 14 }, () => "skipped")]);
    expect(await pair.onMaster.rows("SELECT * FROM t ORDER BY id")).toEqual(contents);

    const report = await pair.apply(manifest);
    expect(outcomes(report)).toEqual(expected);
    expect(report.outcomes[0]).toMatchObject({ conflict: { table: "shop.t", rows: 1 } });
    expect(await pair.onMaster.rows("SELECT v FROM t WHERE id IN (1,6,7,100) ORDER BY id")).toEqual([
      { v: "master" },
      { v: "fine" },
      { v: "G" },
    ]);
    expect(await pair.onMaster.rows("SELECT at FROM understudy.heartbeat")).toEqual([{ at: 77 }]);
  });

  it("build on each other in a check too, except where a statement commits by itself", async () => {
    await pair.share("CREATE TABLE chain (id INT PRIMARY KEY, v INT)");
    await pair.onNode.run(
      "INSERT INTO chain VALUES (1, 1), (2, 1)",
      "UPDATE chain SET v = v + 1",
      "UPDATE chain SET id = id + 10",
      "DELETE FROM chain WHERE id = 12",
      "CREATE TABLE chained (id INT PRIMARY KEY)",
      "INSERT INTO chained VALUES (1)",
    );
    const manifest = await saved(pair);
    const check = await pair.apply(manifest, { mode: "check" });
    expect(outcomes(check)).toEqual(["applied", "applied", "applied", "applied", "skipped", "table-missing"]);
    expect(await pair.onMaster.rows("SELECT * FROM chain")).toEqual([]);
    expect(outcomes(await pair.apply(manifest))).toEqual(Array.from({ length: 6 }, () => "applied"));
    expect(await pair.onMaster.rows("SELECT * FROM chain")).toEqual([{ id: 11, v: 2 }]);
  });

  it("that meet another session's lock are in conflict and can be applied later", async () => {
    await pair.share(
      "CREATE TABLE locked (id INT PRIMARY KEY, v INT)",
      "INSERT INTO locked VALUES (1, 1), (2, 1)",
    );
    await pair.onNode.run("UPDATE locked SET v = 2 WHERE id = 1", "UPDATE locked SET v = 2 WHERE id = 2");
    const manifest = await saved(pair);
    await pair.onMaster.run("BEGIN", "SELECT * FROM locked WHERE id = 1 FOR UPDATE");
    expect(outcomes(await pair.apply(manifest, { lockWaitSeconds: 1 }))).toEqual(["locked", "applied"]);
    await pair.onMaster.run("COMMIT");
    expect(outcomes(await pair.apply(manifest))).toEqual(["applied", "skipped"]);
    expect(await pair.onMaster.rows("SELECT v FROM locked")).toEqual([{ v: 2 }, { v: 2 }]);
  });

  it("have each its effect once, however often applying is cut off", async () => {
    await pair.share("CREATE TABLE counted (a INT, b INT)");
    await pair.onNode.run(
      ...Array.from({ length: 12 }, (_, index) => `INSERT INTO counted VALUES (${index}, 1), (${index}, 2)`),
    );
    const manifest = await saved(pair);
    const { items } = await pair.quarantine.transactions(manifest.id, { limit: 100 });
    for (const { offset, bytes } of [items[2], items[3], items[7], items[11]].filter(
      (item) => item !== undefined,
    )) {
      const entry = {
        manifest,
        async *raw(signal: AbortSignal): AsyncGenerator<Buffer> {
          let left = offset + bytes - 5;
          for await (const chunk of pair.quarantine.raw(manifest.id, signal)) {
            yield chunk.subarray(0, left);
            left -= chunk.length;
            if (left <= 0) return;
          }
        },
      };
      await expect(pair.apply(manifest, { entry })).rejects.toMatchObject({ code: "binlog-corrupt" });
    }
    expect(await pair.apply(manifest)).toMatchObject({ applied: 1, skipped: 11, conflicts: 0 });
    expect(
      await pair.onMaster.rows("SELECT COUNT(*) AS rows_, COUNT(DISTINCT a, b) AS others FROM counted"),
    ).toEqual([{ rows_: "24", others: "24" }]);
  });

  it("whose DDL fails are in conflict, and those of XA halves and of partly logged rows say so", async () => {
    await pair.share(
      "CREATE TABLE xa (id INT PRIMARY KEY, w JSON)",
      `INSERT INTO xa VALUES (1, '{"a": 1, "b": "${"long".repeat(50)}"}')`,
    );
    await pair.onNode.run(
      "CREATE TABLE twice (id INT)",
      "XA START 'one'",
      "INSERT INTO xa (id) VALUES (2)",
      "XA END 'one'",
      "XA PREPARE 'one'",
      "XA COMMIT 'one'",
      "XA START 'two'",
      "INSERT INTO xa (id) VALUES (3)",
      "XA END 'two'",
      "XA COMMIT 'two' ONE PHASE",
      ...(flavour === "mysql"
        ? [
            "SET binlog_row_value_options=PARTIAL_JSON, binlog_transaction_compression=ON",
            "UPDATE xa SET w = JSON_SET(w, '$.a', 2) WHERE id = 1",
            "SET binlog_row_value_options='', binlog_transaction_compression=OFF",
          ]
        : [
            "SET GLOBAL log_bin_compress_min_len=10, GLOBAL log_bin_compress=ON",
            `UPDATE xa SET w = '{"a": 2}' WHERE id = 1`,
            "SET GLOBAL log_bin_compress=OFF",
          ]),
    );
    await pair.onMaster.run("CREATE TABLE twice (other INT)");
    const report = await pair.apply(await saved(pair));
    expect(outcomes(report)).toEqual(["server-error", "unsupported", "unsupported", "applied", "applied"]);
    expect(report.outcomes[0]?.conflict?.errno).toBe(1050);
    expect(unchecked(report)).toHaveLength(flavour === "mysql" ? 1 : 0);
    expect(await pair.onMaster.rows("SELECT id, JSON_EXTRACT(w, '$.a') AS a FROM xa")).toEqual([
      { id: 1, a: "2" },
      { id: 3, a: null },
    ]);
  });

  it("of 100 MB are compared and applied in flat memory", async () => {
    await pair.share("CREATE TABLE wide (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(2000))");
    await pair.onNode.run("BEGIN", "INSERT INTO wide (text) VALUES (REPEAT('a', 1100))");
    for (let round = 0; round < 15; round++) {
      await pair.onNode.run("INSERT INTO wide (text) SELECT text FROM wide");
    }
    await pair.onNode.run("UPDATE wide SET text = CONCAT(SUBSTR(text, 2), 'b')", "COMMIT");
    const manifest = await saved(pair);
    const before = process.memoryUsage.rss();
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
    const report = await pair.apply(manifest);
    clearInterval(watch);
    expect(outcomes(report)).toEqual(["applied"]);
    expect(unchecked(report)).toEqual([]);
    expect((peak - before) / 2 ** 20).toBeLessThan(150);
    const [onNode, onMaster] = await checksums(pair, "wide");
    expect(onMaster).toEqual(onNode);
  });
});
