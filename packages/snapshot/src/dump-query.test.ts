import { describe, expect, test } from "vitest";
import { DumpQueries } from "./dump-query.ts";
import { PacketCutter } from "./program-relay.ts";
import { tableKey, type InexactTables } from "./inexact-columns.ts";

const TABLES: InexactTables = new Map([
  [
    tableKey("d", "t"),
    [
      { name: "i", readAs: "itself" },
      { name: "f`x", readAs: "double" },
      { name: "e", readAs: "index" },
    ],
  ],
]);
const SELECT = "SELECT /*!40001 SQL_NO_CACHE */";

function queries(): DumpQueries {
  const made = new DumpQueries(TABLES);
  made.use("d");
  return made;
}

describe("what a dump program asks", () => {
  test("reads inexact columns exactly, with all columns or a list of them", () => {
    const exact = "`f``x` * 1e0 AS `f``x`, `e` + 0 AS `e`";
    expect(queries().rewrite(`${SELECT} * FROM \`t\``)).toBe(`${SELECT} \`i\`, ${exact} FROM \`t\``);
    expect(queries().rewrite(`${SELECT} \`f\`\`x\`, \`e\`, row_start FROM \`t\` FOR SYSTEM_TIME ALL`)).toBe(
      `${SELECT} ${exact}, row_start FROM \`t\` FOR SYSTEM_TIME ALL`,
    );
    expect(new DumpQueries(TABLES).rewrite(`${SELECT} \`e\` FROM \`d\`.\`t\``)).toContain("`e` + 0");
  });

  test("follows the schema that is chosen", () => {
    const made = queries();
    expect(made.rewrite("use `other`")).toBe("use `other`");
    expect(made.rewrite(`${SELECT} * FROM \`t\``)).toBe(`${SELECT} * FROM \`t\``);
  });

  test("is left alone otherwise", () => {
    for (const sql of [
      `${SELECT} * FROM \`u\``,
      "SHOW CREATE TABLE `t`",
      "SELECT * FROM `t`",
      "FLUSH TABLES",
    ]) {
      expect(queries().rewrite(sql)).toBe(sql);
    }
  });
});

describe("its packets", () => {
  const packet = (sequence: number, payload: Buffer): Buffer => {
    const head = Buffer.from([0, 0, 0, sequence]);
    head.writeUIntLE(payload.length, 0, 3);
    return Buffer.concat([head, payload]);
  };

  test("are cut and rewritten, with attributes or without; the login passes", () => {
    const sql = `${SELECT} \`e\` FROM \`t\``;
    const stream = Buffer.concat([
      packet(1, Buffer.from(`\u0003${sql}`)),
      packet(0, Buffer.from("\u0002d")),
      packet(0, Buffer.from(`\u0003\0\u0001${sql}`)),
      packet(0, Buffer.from(`\u0003${sql}`)),
      packet(0, Buffer.from("\u0001")),
    ]);
    const whole = new PacketCutter(new DumpQueries(TABLES)).push(stream);
    const cutter = new PacketCutter(new DumpQueries(TABLES));
    const byByte = [...stream].flatMap((byte) => cutter.push(Buffer.from([byte])));
    const exact = `${SELECT} \`e\` + 0 AS \`e\` FROM \`t\``;
    const wanted = [
      packet(1, Buffer.from(`\u0003${sql}`)),
      packet(0, Buffer.from("\u0002d")),
      packet(0, Buffer.from(`\u0003\0\u0001${exact}`)),
      packet(0, Buffer.from(`\u0003${exact}`)),
      packet(0, Buffer.from("\u0001")),
    ];
    expect(Buffer.concat(whole)).toEqual(Buffer.concat(wanted));
    expect(Buffer.concat(byByte)).toEqual(Buffer.concat(wanted));
  });
});
