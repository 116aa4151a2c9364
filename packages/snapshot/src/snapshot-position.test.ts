import { expect, test } from "vitest";
import { parseGtidPosition } from "@understudy/binlog";
import { binlogStateAt, withUnknownDomains } from "./snapshot-position.ts";

const at = (text: string) => parseGtidPosition("mariadb", text);

test("the binlog state has each server of a domain, and a domain's newest last", () => {
  expect(binlogStateAt(at("0-2-60,1-1-5"), "0-1-50,0-2-57,1-1-5")).toBe("0-1-50,0-2-60,1-1-5");
  expect(binlogStateAt(at("0-3-60"), "0-1-50,0-2-57")).toBe("0-1-50,0-2-57,0-3-60");
  expect(binlogStateAt(at(""), "")).toBe("");
});

test("what only native replication left counts, but not beside what the binlog tells", () => {
  expect(withUnknownDomains(at("0-1-10"), "0-1-99,7-2-3").toString()).toBe("0-1-10,7-2-3");
  expect(withUnknownDomains(at(""), "").toString()).toBe("");
});
