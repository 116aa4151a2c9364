import { ServerError } from "@understudy/binlog";
import { describe, expect, test } from "vitest";
import { UnderstudyError } from "@understudy/protocol";
import { classifyDriverError, isDriverError } from "./driver-error.ts";
import { ConnectionLostError } from "./query-command.ts";

describe("classifyDriverError", () => {
  test.each([
    [1064, "42000", "sql-syntax"],
    [1049, "42000", "unknown-database"],
    [1146, "42S02", "unknown-table"],
    [1054, "42S22", "unknown-column"],
    [1062, "23000", "duplicate-key"],
    [1213, "40001", "deadlock"],
    [1205, "HY000", "deadlock"],
    [1452, "23000", "constraint"],
    [3819, "HY000", "constraint"],
    [4025, "23000", "constraint"],
    [1050, "42S01", "already-exists"],
    [1406, "22001", "invalid-value"],
    [1792, "25006", "not-a-query"],
    [1290, "HY000", "no-leader"],
    [1142, "42000", "forbidden"],
    [3024, "HY000", "timeout"],
    [1040, "08004", "overloaded"],
    [1053, "08S01", "database-unavailable"],
    [3, "HY000", "database-unavailable"],
    [1021, "HY000", "database-unavailable"],
    [9999, "22999", "invalid-value"],
    [9999, "45000", "constraint"],
    [9999, "HY000", "invalid-request"],
  ])("%i (%s) is %s", (errno, sqlState, code) => {
    const classified = classifyDriverError(new ServerError(errno, sqlState, "the server's words"));
    expect(classified).toMatchObject({ code, message: "the server's words", details: { errno, sqlState } });
  });

  test("a broken connection is told apart from a defect, and what is classified stays", () => {
    expect(classifyDriverError(new ConnectionLostError("gone", true)).code).toBe("database-unavailable");
    expect(
      classifyDriverError(Object.assign(new Error("x"), { code: "ECONNREFUSED", errno: -111 })).code,
    ).toBe("database-unavailable");
    expect(classifyDriverError(new TypeError("x")).code).toBe("internal");
    const own = new UnderstudyError("too-large", "x");
    expect(classifyDriverError(own)).toBe(own);
    expect([
      isDriverError(own),
      isDriverError(new TypeError("x")),
      isDriverError(new ConnectionLostError("x", false)),
    ]).toEqual([false, false, true]);
  });
});
