import { describe, expect, test } from "vitest";
import type { Member } from "@understudy/protocol";
import { newlyBroken } from "./newly-broken.ts";

function member(nodeId: string, state: Member["state"]): Member {
  return {
    nodeId,
    state,
    url: "http://127.0.0.1:1",
    role: "slave",
    reason: "",
    position: null,
    lag: { transactions: null, bytes: null, ms: null },
    lastSeen: null,
    version: "0",
    flavour: "mysql",
    serverVersion: "9",
    queue: null,
    throughput: null,
    copy: null,
  };
}

describe("newly broken members", () => {
  test("are those that were not broken before", () => {
    const before = [member("a", "up"), member("b", "broken")];
    const now = [member("a", "broken"), member("b", "broken"), member("c", "broken"), member("d", "up")];
    expect(newlyBroken(before, now).map(({ nodeId }) => nodeId)).toEqual(["a", "c"]);
    expect(newlyBroken(now, before)).toEqual([]);
  });
});
