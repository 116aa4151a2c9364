import { describe, expect, it } from "vitest";
import { isGenuine, sealRow, type KeptRow } from "./kept-row.ts";

const secret = Buffer.alloc(32, 1);
const row: KeptRow = {
  key: "order-7",
  hash: Buffer.alloc(32, 7),
  state: "done",
  status: 201,
  answer: '{"affectedRows":1}',
  nodeId: "node1",
  createdMs: 1_000,
  expiresMs: 2_000,
};
const sealed = sealRow(row, secret);

describe("a row's seal", () => {
  it("holds for the row as it was written", () => {
    expect(isGenuine({ ...sealed }, secret)).toBe(true);
  });

  it.each<[string, Partial<typeof sealed>]>([
    ["key", { key: "order-8" }],
    ["hash", { hash: Buffer.alloc(32, 8) }],
    ["state", { state: "intent" }],
    ["status", { status: 200 }],
    ["answer", { answer: '{"affectedRows":2}' }],
    ["answer that is gone", { answer: null }],
    ["node", { nodeId: "node2" }],
    ["begin", { createdMs: 1_001 }],
    ["end", { expiresMs: 2_001 }],
    ["seal", { mac: Buffer.alloc(32) }],
    ["short seal", { mac: Buffer.alloc(0) }],
  ])("breaks with another %s", (_name, change) => {
    expect(isGenuine({ ...sealed, ...change }, secret)).toBe(false);
  });

  it("breaks under another cluster's secret", () => {
    expect(isGenuine(sealed, Buffer.alloc(32, 2))).toBe(false);
  });
});
