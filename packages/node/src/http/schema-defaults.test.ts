import { DeleteRequest, SelectRequest } from "@understudy/protocol";
import { expect, it } from "vitest";
import { compileDefaults } from "./schema-defaults.ts";

const fillDefaults = (schema: object, value: unknown): void => compileDefaults(schema)?.(value);

it("fills the defaults of fields in, also in lists, and keeps what is there", () => {
  const request = {
    database: "d",
    table: "t",
    limit: 5,
    orderBy: [{ column: "a" }, { column: "b", direction: "desc" }],
  };
  fillDefaults(SelectRequest, request);
  expect(request).toEqual({
    database: "d",
    table: "t",
    limit: 5,
    offset: 0,
    consistency: "local",
    waitMs: 5000,
    orderBy: [
      { column: "a", direction: "asc" },
      { column: "b", direction: "desc" },
    ],
  });
});

it("keeps every condition of a where, whatever its column is called", () => {
  for (const name of ["constructor", "prototype", "__proto__", "toString"]) {
    const request = JSON.parse(`{"database":"d","table":"t","where":{"id":1,"${name}":"x"}}`) as {
      where: object;
    };
    fillDefaults(DeleteRequest, request);
    expect(Object.keys(request.where)).toEqual(["id", name]);
  }
});

it("leaves what is no object alone", () => {
  for (const value of [null, undefined, 1, "text", [1]])
    expect(() => fillDefaults(SelectRequest, value)).not.toThrow();
});

it("gives each request a default of its own, and costs a schema without any nothing", () => {
  const fill = compileDefaults({ properties: { list: { default: [] }, plain: {} } });
  const first: { list?: unknown[] } = {};
  fill?.(first);
  first.list?.push("mine");
  const second = {};
  fill?.(second);
  expect([first, second]).toEqual([{ list: ["mine"] }, { list: [] }]);
  expect(compileDefaults({ properties: { plain: {} }, items: {} })).toBeNull();
});
