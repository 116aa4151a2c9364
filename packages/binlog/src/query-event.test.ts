import { expect, it } from "vitest";
import { makeEvent, makeQuery } from "../test/made-events.ts";
import { decodeQueryEvent } from "./query-event.ts";

it("a Query event shows its parts", () => {
  const query = decodeQueryEvent(makeQuery("INSERT INTO ü VALUES ('\0')", "shop"));
  expect(query).toEqual({
    threadId: 77,
    executionSeconds: 3,
    errorCode: 1062,
    statusVariables: Buffer.from([0, 1, 2, 3, 4]),
    schema: Buffer.from("shop"),
    sql: Buffer.from("INSERT INTO ü VALUES ('\0')"),
  });
});

it("another event is refused", () => {
  expect(() => decodeQueryEvent(makeEvent(16, Buffer.alloc(40)))).toThrow(
    expect.objectContaining({ code: "binlog-corrupt" }),
  );
});
