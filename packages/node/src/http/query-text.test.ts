import Type from "typebox";
import { expect, it } from "vitest";
import { convertQueryText } from "./query-text.ts";

const schema = Type.Object({
  limit: Type.Optional(Type.Integer()),
  ratio: Type.Optional(Type.Number()),
  all: Type.Optional(Type.Boolean()),
  name: Type.Optional(Type.String()),
});

it("converts only what spells a value of the field's type exactly", () => {
  expect(convertQueryText(schema, { limit: "5", ratio: "1.5", all: "true", name: "7" })).toEqual({
    limit: 5,
    ratio: 1.5,
    all: true,
    name: "7",
  });
  // what stays text is refused by the schema
  for (const limit of ["", " 5", "five", "0x10", "1e3", "99999999999999999999", ["1", "2"]]) {
    expect(convertQueryText(schema, { limit })).toEqual({ limit });
  }
  expect(convertQueryText(schema, { all: "1", surplus: "5", constructor: "5" })).toEqual({
    all: "1",
    surplus: "5",
    constructor: "5",
  });
});
