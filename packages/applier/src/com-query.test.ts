import { describe, expect, it } from "vitest";
import { buildBatch, mariadbEntry, mysqlEntry } from "./batch.ts";
import { buildComQuery } from "./com-query.ts";

const sqlOf = (query: { readonly buffer: Buffer }, head: number): string =>
  query.buffer.toString("latin1", head);
const events = [Buffer.from("ab"), Buffer.from("c")];

describe("a COM_QUERY packet", () => {
  it("tells MySQL that it has no attributes, and MariaDB nothing", () => {
    expect(buildComQuery("mysql", ["DO 1"]).buffer.subarray(4, 7)).toEqual(Buffer.from([3, 0, 1]));
    expect(sqlOf(buildComQuery("mariadb", ["DO 1"]), 5)).toBe("DO 1");
  });

  it("joins text, bytes and base64 over the bounds of its pieces", () => {
    const big = Buffer.alloc((3 << 20) * 2 + 1, 7);
    const query = buildComQuery("mariadb", [
      "BINLOG '",
      { base64: [big, Buffer.from("x")] },
      "'",
      Buffer.from([0xe4]),
    ]);
    const expected = `BINLOG '${Buffer.concat([big, Buffer.from("x")]).toString("base64")}'\u00e4`;
    expect(sqlOf(query, 5) === expected).toBe(true);
    query.writeHeader(3);
    expect(query.buffer.readUIntLE(0, 3)).toBe(query.length());
    expect(query.buffer[3]).toBe(3);
  });
});

describe("a batch", () => {
  const one = { gtid: "u:1", tableMap: null, events, isOneStatement: true, isDivisible: false };
  const several = { ...one, gtid: "u:2", isOneStatement: false };
  const empty = { ...one, gtid: "u:3", events: [], isOneStatement: false };

  it("says of a transaction that could be divided whether it is whole", () => {
    const once = { kept: "", once: "gtid_seq_no=7" };
    const parts = { ...one, gtid: "0-1-7", isDivisible: true };
    const whole = mariadbEntry(parts, once);
    expect(sqlOf(buildBatch("mariadb", [whole]).query, 5)).toBe(
      "BEGIN NOT ATOMIC SET STATEMENT gtid_seq_no=7 FOR BINLOG 'YWJj';SET @understudy_whole=7;END",
    );
    expect(whole).toMatchObject({ answers: 2, isMarked: true });
    const checked = mariadbEntry({ ...parts, isOneStatement: false }, once);
    expect(sqlOf(buildBatch("mariadb", [checked]).query, 5)).toBe(
      "BEGIN NOT ATOMIC SET gtid_seq_no=7;START TRANSACTION;BINLOG 'YWJj';" +
        "SET @understudy_whole=IF(@@gtid_seq_no=7,7,EXP(9877001));COMMIT;END",
    );
    expect(checked).toMatchObject({ answers: 5, isMarked: true });
  });

  it("counts an answer for each statement on MySQL", () => {
    const batch = buildBatch("mysql", [mysqlEntry(one), mysqlEntry(several), mysqlEntry(empty)]);
    expect(sqlOf(batch.query, 7)).toBe(
      "SET GTID_NEXT='u:1';BINLOG 'YWJj';SET GTID_NEXT='u:2';BEGIN;BINLOG 'YWJj';COMMIT;SET GTID_NEXT='u:3';BEGIN;COMMIT;",
    );
    expect(batch.answers).toBe(9);
  });

  it("is one block with one answer on MariaDB", () => {
    const once = { kept: "", once: "gtid_seq_no=1" };
    const batch = buildBatch("mariadb", [
      mariadbEntry(one, { kept: "server_id=2", once: "gtid_seq_no=1" }),
      mariadbEntry(several, { kept: "", once: "gtid_seq_no=2" }),
    ]);
    expect(sqlOf(batch.query, 5)).toBe(
      "BEGIN NOT ATOMIC SET server_id=2;SET STATEMENT gtid_seq_no=1 FOR BINLOG 'YWJj';" +
        "SET gtid_seq_no=2;START TRANSACTION;BINLOG 'YWJj';COMMIT;END",
    );
    expect(batch.answers).toBe(1);
    const alone = buildBatch("mariadb", [mariadbEntry(one, once)]);
    expect(sqlOf(alone.query, 5)).toBe("SET STATEMENT gtid_seq_no=1 FOR BINLOG 'YWJj';");
    expect(alone.answers).toBe(1);
  });
});
