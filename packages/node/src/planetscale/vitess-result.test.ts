import type { Column } from "@understudy/protocol";
import { describe, expect, it } from "vitest";
import { vitessField, vitessRow } from "./vitess-result.ts";

const column = (type: string, charset: string | null = null): Column => ({
  name: "c",
  type,
  nullable: true,
  charset,
});

describe("results as Vitess writes them", () => {
  it.each([
    ["TINYINT", "INT8"],
    ["TINYINT UNSIGNED", "UINT8"],
    ["SMALLINT UNSIGNED", "UINT16"],
    ["MEDIUMINT", "INT24"],
    ["INT", "INT32"],
    ["INT UNSIGNED", "UINT32"],
    ["BIGINT", "INT64"],
    ["BIGINT UNSIGNED", "UINT64"],
    ["FLOAT", "FLOAT32"],
    ["DOUBLE UNSIGNED", "FLOAT64"],
    ["DECIMAL UNSIGNED", "DECIMAL"],
    ["YEAR", "YEAR"],
    ["DATE", "DATE"],
    ["TIME", "TIME"],
    ["DATETIME", "DATETIME"],
    ["TIMESTAMP", "TIMESTAMP"],
    ["VARBINARY", "VARBINARY"],
    ["LONGBLOB", "BLOB"],
    ["BIT", "BIT"],
    ["GEOMETRY", "GEOMETRY"],
    ["MULTIPOINT", "GEOMETRY"],
    ["NULL", "NULL"],
  ])("call %s %s, in the collation of what is no text", (type, vitessType) => {
    expect(vitessField(column(type))).toMatchObject({ type: vitessType, charset: 63 });
  });

  it.each([
    ["VARCHAR", "VARCHAR", 255],
    ["CHAR", "CHAR", 255],
    ["TINYTEXT", "TEXT", 255],
    ["LONGTEXT", "TEXT", 255],
    ["ENUM", "ENUM", 255],
    ["SET", "SET", 255],
    ["UUID", "CHAR", 255],
    ["INET6", "CHAR", 255],
    ["JSON", "JSON", 63],
  ])("call %s %s, with its text's collation", (type, vitessType, charset) => {
    expect(vitessField(column(type, "utf8mb4"))).toMatchObject({ type: vitessType, charset });
  });

  it("tell what may not be NULL, and what has no sign", () => {
    const flags = (type: string, nullable: boolean) =>
      vitessField({ ...column(type), nullable }).flags & (1 | 32);
    expect(flags("INT", true)).toBe(0);
    expect(flags("INT", false)).toBe(1);
    expect(flags("BIGINT UNSIGNED", false)).toBe(33);
  });

  it("carry the values of a row one behind the other, NULL without a byte", () => {
    const columns = [
      column("INT"),
      column("VARCHAR", "utf8mb4"),
      column("BLOB"),
      column("VARCHAR", "utf8mb4"),
      column("VARCHAR", "utf8mb4"),
      column("BIGINT"),
    ];
    const { lengths, values } = vitessRow(columns, [-7, "é🎭", "/wAB", null, "", "9007199254740993"]);
    expect(lengths).toEqual(["2", "6", "3", "-1", "0", "16"]);
    const expected = Buffer.concat([
      Buffer.from("-7é🎭"),
      Buffer.from([0xff, 0, 1]),
      Buffer.from("9007199254740993"),
    ]);
    expect(Buffer.from(values, "base64")).toEqual(expected);
  });
});
