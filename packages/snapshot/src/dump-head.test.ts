import { expect, test } from "vitest";
import { parseDumpHead } from "./dump-head.ts";

const UUID = "7222acd3-e914-11f1-99b5-02fc00000001";

test("reads MySQL's set over several lines, in the spellings of its versions", () => {
  const gtids = `${UUID}:1-7,\n${UUID.replace("7", "8")}:1`;
  for (const text of [`'+${gtids}'`, `/*!80000 '+'*/ '${gtids}'`, `'${gtids}'`]) {
    expect(parseDumpHead("mysql", `-- a\n\n/* SET @@GLOBAL.GTID_PURGED=${text};*/\n--`)).toEqual({
      kind: "gtid-set",
      gtids: gtids.replace("\n", ""),
    });
  }
});

test("waits for the end of the set", () => {
  expect(parseDumpHead("mysql", `/* SET @@GLOBAL.GTID_PURGED='+${UUID}:1-7`)).toBeNull();
  expect(parseDumpHead("mysql", `/* SET @@GLOBAL.GTID_PURGED='+${UUID}:1-7';`)).toBeNull();
});

test("an empty set is a set", () => {
  expect(parseDumpHead("mysql", "/* SET @@GLOBAL.GTID_PURGED='+';*/")).toEqual({
    kind: "gtid-set",
    gtids: "",
  });
});

test("reads the place in MariaDB's binlog, not the other statement of the same name", () => {
  const head = "-- CHANGE MASTER TO MASTER_USE_GTID=slave_pos;\n";
  expect(parseDumpHead("mariadb", head)).toBeNull();
  expect(
    parseDumpHead("mariadb", `${head}-- CHANGE MASTER TO MASTER_LOG_FILE='b.01', MASTER_LOG_POS=16`),
  ).toBeNull();
  expect(
    parseDumpHead("mariadb", `${head}-- CHANGE MASTER TO MASTER_LOG_FILE='b.01', MASTER_LOG_POS=16;\n`),
  ).toEqual({
    kind: "binlog-place",
    file: "b.01",
    offset: "16",
  });
});

test("a MariaDB dump that was to leave the place out has begun where its data do", () => {
  expect(parseDumpHead("mariadb", "-- MariaDB dump\n-- Host: localhost")).toBeNull();
  expect(parseDumpHead("mariadb", "-- Host: localhost\n\n--\n-- Current Database: `a`")).toEqual({
    kind: "untold",
  });
});
