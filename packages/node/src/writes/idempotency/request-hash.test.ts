import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { requestHash } from "./request-hash.ts";

const hash = (route: string, body: unknown): string => requestHash(route, body).toString("hex");
const fields = fc.uniqueArray(fc.tuple(fc.string(), fc.jsonValue()), { selector: ([name]) => name });

describe("requestHash", () => {
  it("does not look at the order of fields, at any depth", () => {
    fc.assert(
      fc.property(fields, fields, (outer, inner) => {
        const there = Object.fromEntries([...outer, ["where", Object.fromEntries(inner)]]);
        const back = Object.fromEntries([
          ["where", Object.fromEntries([...inner].reverse())],
          ...[...outer].reverse().filter(([name]) => name !== "where"),
        ]);
        expect(hash("/update", back)).toBe(hash("/update", there));
      }),
    );
  });

  it("looks at the order of lists", () => {
    expect(hash("/execute", { params: [1, 2] })).not.toBe(hash("/execute", { params: [2, 1] }));
  });

  it("takes how long to wait and for whom out, and nothing that is written", () => {
    const body = { database: "shop", record: { id: 1 } };
    expect(hash("/insert", { ...body, ack: "all", ackTimeoutMs: 1, timeoutMs: 2 })).toBe(
      hash("/insert", body),
    );
    expect(hash("/insert", { ...body, record: { id: 1, timeoutMs: 2 } })).not.toBe(hash("/insert", body));
  });

  it.each([
    ["another route", "/delete", { id: 1 }],
    ["another value", "/update", { id: 2 }],
    ["another type", "/update", { id: "1" }],
    ["a field more", "/update", { id: 1, all: true }],
    ["null for absent", "/update", { id: null }],
    ["no body", "/update", undefined],
  ])("tells %s apart", (_name, route, body) => {
    expect(hash(route, body)).not.toBe(hash("/update", { id: 1 }));
  });
});
