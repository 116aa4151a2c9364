import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { groupTransactions, readEventStream, readExecutedPosition } from "@understudy/binlog";
import { findBinlogProgram, testFlavours } from "@understudy/database-server";
import { PartedPair } from "./parted-pair.ts";

const MIB = 1024 * 1024;
const SIGNAL = AbortSignal.timeout(300_000);

async function text(chunks: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString("latin1");
}

/** A file that a reader was just at is only let go of when the server notices that the reader is gone. */
async function purgeAllButLast(pair: PartedPair): Promise<void> {
  const files = async (): Promise<string[]> =>
    (await pair.onNode.rows<{ Log_name: string }>("SHOW BINARY LOGS")).map((row) => row.Log_name);
  const last = (await files()).at(-1) ?? "";
  while ((await files())[0] !== last) await pair.onNode.run(`PURGE BINARY LOGS TO '${last}'`);
}

describe.each(testFlavours())("errant transactions saved on %s", (flavour) => {
  let pair: PartedPair;

  beforeAll(async () => {
    pair = await PartedPair.open(flavour);
    await pair.share(
      "CREATE DATABASE shop",
      "USE shop",
      `CREATE TABLE kinds (id INT PRIMARY KEY, a TINYINT, b SMALLINT UNSIGNED, c MEDIUMINT, d BIGINT UNSIGNED,
        e DECIMAL(30,10), f FLOAT, g DOUBLE, h BIT(13), i DATE, j TIME(6), k DATETIME(3), l TIMESTAMP(6) NULL, m YEAR,
        n CHAR(10), o VARCHAR(300), p BINARY(8), q VARBINARY(300), r TINYBLOB, s LONGBLOB, t MEDIUMTEXT,
        u ENUM('x','y','z'), v SET('p','q','r'), w JSON, x GEOMETRY, y POINT, z VARCHAR(20) CHARACTER SET latin1,
        long_char CHAR(200) CHARACTER SET utf8mb4)`,
      "CREATE TABLE plain (id INT PRIMARY KEY, v VARCHAR(20))",
      "INSERT INTO plain VALUES (1,'one'),(2,'two'),(3,'three')",
      "CREATE DATABASE understudy",
      "CREATE TABLE understudy.heartbeat (id INT PRIMARY KEY, at INT)",
    );
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  it("are nothing where there are none", async () => {
    expect(await pair.save()).toEqual({ manifest: null, isNew: false });
    expect((await pair.quarantine.list({ limit: 10 })).items).toEqual([]);
    expect(await readdir(join(pair.dataDir, "quarantine"))).toEqual(["discarded"]);
  });

  it("are counted by what they did, in order, with DDL as text", async () => {
    await pair.onNode.run(
      `INSERT INTO kinds VALUES (1,-128,65535,-8388608,18446744073709551615,-12345678901234567890.0123456789,1.5,-2.25e300,
        b'1010101010101','2024-02-29','-838:59:59','2024-02-29 23:59:59.999','2024-01-01 00:00:00.123456',2155,'abc',
        'größe',X'0001',X'ff00fe',X'','',REPEAT('lang',9000),'y','p,r','{"a":[1,2,{"b":null}]}',
        ST_GeomFromText('LINESTRING(0 0,1 1,2 0)'),ST_GeomFromText('POINT(1 2)'),'ÄÖÜ','wide')`,
      "INSERT INTO kinds (id) VALUES (2),(3),(4)",
      "UPDATE kinds SET o = 'changed', w = JSON_SET(w, '$.a[0]', 99), s = REPEAT('b', 70000) WHERE id < 3",
      "DELETE FROM kinds WHERE id > 2",
      // so that its columns as they are now say nothing of rows before
      "ALTER TABLE plain ADD COLUMN note VARCHAR(30) DEFAULT 'größe'",
      "BEGIN",
      "UPDATE plain SET v = CONCAT(v, '!')",
      "INSERT INTO plain (id, v) VALUES (4, 'four')",
      "COMMIT",
      "INSERT INTO understudy.heartbeat VALUES (1, 1)",
      ...(flavour === "mysql"
        ? [
            "SET binlog_transaction_compression=ON, binlog_row_value_options=PARTIAL_JSON",
            "UPDATE kinds SET w = JSON_SET(w, '$.a[1]', 'partial') WHERE id = 1",
            "SET binlog_transaction_compression=OFF, binlog_row_value_options=''",
          ]
        : [
            "SET GLOBAL log_bin_compress_min_len=10, GLOBAL log_bin_compress=ON",
            "UPDATE kinds SET o = REPEAT('packed', 20) WHERE id = 1",
            "SET GLOBAL log_bin_compress=OFF",
          ]),
    );
    const { manifest, isNew } = await pair.save();
    expect(isNew).toBe(true);
    expect(manifest).toMatchObject({
      node: "node-1",
      epoch: "7",
      flavour,
      transactionCount: 8,
      clientTransactionCount: 7,
      serverVersion: expect.stringMatching(/^\d+\.\d+/) as string,
    });
    expect(manifest?.tables.map(({ table }) => table).toSorted()).toEqual(["heartbeat", "kinds"]);
    const { items } = await pair.quarantine.transactions(manifest?.id ?? "", { limit: 100 });
    const counts = items.map(({ tables, statements }) => [
      ...tables.map(({ table, inserted, updated, deleted }) => [table, inserted, updated, deleted]),
      ...statements,
    ]);
    expect(counts).toEqual([
      [["kinds", 1, 0, 0]],
      [["kinds", 3, 0, 0]],
      [["kinds", 0, 2, 0]],
      [["kinds", 0, 0, 2]],
      ["ALTER TABLE plain ADD COLUMN note VARCHAR(30) DEFAULT 'größe'"],
      [["plain", 1, 3, 0]],
      [["heartbeat", 1, 0, 0]],
      [["kinds", 0, 1, 0]],
    ]);
    expect(items.map(({ isBookkeeping }) => isBookkeeping).indexOf(true)).toBe(6);
  });

  it("make no second entry when they are saved again, also after the server has begun another binlog", async () => {
    const [entry] = (await pair.quarantine.list({ limit: 10 })).items;
    await pair.onNode.run("FLUSH BINARY LOGS");
    expect(await pair.save()).toEqual({ manifest: entry?.manifest, isNew: false });
    expect((await pair.quarantine.list({ limit: 10 })).items).toHaveLength(1);
  });

  it("are a whole binlog, whose transactions stand where the list says", async () => {
    const [entry] = (await pair.quarantine.list({ limit: 10 })).items;
    const id = entry?.manifest.id ?? "";
    const file = await readFile(join(pair.dataDir, "quarantine", id, "errant.binlog"));
    expect(file.length).toBe(entry?.manifest.bytes);
    expect(await text(pair.quarantine.raw(id, SIGNAL))).toBe(file.toString("latin1"));
    const gtids: string[] = [];
    for await (const parts of groupTransactions(flavour, readEventStream(pair.quarantine.raw(id, SIGNAL)))) {
      for (const part of parts) if (part.kind === "begin") gtids.push(part.header.gtid);
    }
    const first = await pair.quarantine.transactions(id, { limit: 5 });
    const rest = await pair.quarantine.transactions(id, { limit: 5, after: first.next ?? "" });
    expect([...first.items, ...rest.items].map(({ gtid }) => gtid)).toEqual(gtids);
    expect(rest.next).toBeNull();
    const digest = createHash("sha256");
    for (const { offset, bytes } of [...first.items, ...rest.items]) {
      digest.update(file.subarray(offset, offset + bytes));
    }
    expect(digest.digest("hex")).toBe(entry?.manifest.digest);
  });

  it("are printed row by row where the server's program is there, else summed up", async () => {
    const [entry] = (await pair.quarantine.list({ limit: 10 })).items;
    const id = entry?.manifest.id ?? "";
    const all = await text(pair.quarantine.listing(id, { signal: SIGNAL }));
    const one = await text(pair.quarantine.listing(id, { transaction: 5, signal: SIGNAL }));
    expect(all).toContain("ALTER TABLE plain ADD COLUMN");
    if ((await findBinlogProgram(flavour)) === null) {
      expect(one).toContain("shop.plain: 1 inserted, 3 updated, 0 deleted");
      expect(one).not.toContain("ALTER TABLE");
      return;
    }
    // MySQL's program gives up an event at its first value of GEOMETRY
    const [inserts, deletes] = flavour === "mysql" ? [2, 1] : [4, 2];
    expect(all.match(/### INSERT INTO `shop`\.`kinds`/g)).toHaveLength(inserts);
    expect(all.match(/### DELETE FROM `shop`\.`kinds`/g)).toHaveLength(deletes);
    expect(one).toContain("###   @2='one!'");
    expect(one.match(/### UPDATE `shop`\.`plain`/g)).toHaveLength(3);
    expect(one).not.toContain("`kinds`");
  });

  it("are refused where the binlog no longer has them", async () => {
    await pair.onNode.run("FLUSH BINARY LOGS", "INSERT INTO plain (id) VALUES (50)", "FLUSH BINARY LOGS");
    await purgeAllButLast(pair);
    await expect(pair.save()).rejects.toMatchObject({ code: "quarantine-incomplete" });
    expect((await pair.quarantine.list({ limit: 10 })).items).toHaveLength(1);
  });

  it("are refused where what is read does not lead to what the node has", async () => {
    await pair.share("CREATE TABLE later (id INT PRIMARY KEY)");
    await pair.onNode.run("INSERT INTO later VALUES (1)", "INSERT INTO later VALUES (2)");
    const cut = (async function* () {
      for await (const batch of pair.binlog()) {
        const last = batch.findLastIndex(({ type }) => type === 33 || type === 162);
        yield last < 0 ? batch : batch.slice(0, last);
        if (last >= 0) return;
      }
    })();
    await expect(pair.save({ binlog: cut })).rejects.toMatchObject({ code: "quarantine-incomplete" });
    expect((await readdir(join(pair.dataDir, "quarantine"))).filter((name) => name.startsWith("."))).toEqual(
      [],
    );
  });

  it("can be discarded with a reason, and are still there", async () => {
    const saved = await pair.save({ epoch: 8n });
    const id = saved.manifest?.id ?? "";
    const listed = (await pair.quarantine.list({ limit: 1 })).items.map(({ manifest }) => manifest.id);
    expect(listed).toEqual([id]);
    const entry = await pair.quarantine.discard(id, { reason: "only a test", by: "root" });
    expect(entry).toMatchObject({ state: "discarded", discarded: { reason: "only a test", by: "root" } });
    expect(await pair.quarantine.discard(id, { reason: "again", by: "other" })).toEqual(entry);
    expect((await text(pair.quarantine.raw(id, SIGNAL))).length).toBe(entry.manifest.bytes);
    expect((await pair.quarantine.list({ limit: 10 })).items).toHaveLength(2);
    await expect(pair.quarantine.openFolder(id)).rejects.toMatchObject({ code: "quarantine-closed" });
    await expect(pair.quarantine.get("../..")).rejects.toMatchObject({ code: "not-found" });
    expect(await pair.save({ epoch: 9n })).toEqual({ manifest: entry.manifest, isNew: false });
  });

  it("of 250 MB take flat memory", async () => {
    await pair.share("CREATE TABLE wide (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(2000))");
    await pair.onNode.run("BEGIN", "INSERT INTO wide (text) VALUES (REPEAT('a', 1100))");
    for (let round = 0; round < 15; round++)
      await pair.onNode.run("INSERT INTO wide (text) SELECT text FROM wide");
    const update = "UPDATE wide SET text = CONCAT(SUBSTR(text, 2), 'b')";
    await pair.onNode.run(update, update, update, "COMMIT");
    const before = process.memoryUsage.rss();
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
    const { manifest } = await pair.save();
    clearInterval(watch);
    expect(manifest?.bytes).toBeGreaterThan(250_000_000);
    expect((peak - before) / MIB).toBeLessThan(200);
    const { items } = await pair.quarantine.transactions(manifest?.id ?? "", { limit: 10 });
    expect(items[0]?.tables).toEqual([
      { database: "shop", table: "wide", inserted: 32768, updated: 3 * 32768, deleted: 0 },
    ]);
  });

  it("are whole though the server counts numbers of writes that failed, which only MariaDB does", async () => {
    await pair.share("CREATE TABLE counted (id INT PRIMARY KEY)");
    await pair.onNode.run("INSERT INTO counted VALUES (1)");
    const own = (await readExecutedPosition(pair.onNode, flavour)).toString();
    const counted = own.replace(/\d+(?=[^\d]*$)/, (last) => String(Number(last) + 5));
    const server = {
      rows: async (sql: string) =>
        (await pair.onNode.rows(sql)).map((row) => {
          const text = String(row["value"] ?? "");
          return text.includes(own) ? { ...row, value: text.replaceAll(own, counted) } : row;
        }),
    };
    const saving = pair.save({ server });
    if (flavour === "mysql") await expect(saving).rejects.toMatchObject({ code: "quarantine-incomplete" });
    else expect((await saving).manifest).toMatchObject({ transactionCount: 1, positions: { own: counted } });
  });
});
