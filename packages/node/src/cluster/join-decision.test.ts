import { parseGtidPosition } from "@understudy/binlog";
import type { Flavour } from "@understudy/protocol";
import { describe, expect, it } from "vitest";
import { decideJoin, type JoinFacts } from "./join-decision.ts";

interface Case {
  readonly self?: Partial<Omit<JoinFacts["self"], "executed" | "purged">>;
  readonly executed?: string;
  readonly purged?: string;
  readonly joiner?: Partial<Omit<JoinFacts["joiner"], "position">>;
  readonly position?: string;
}

function decide(given: Case): ReturnType<typeof decideJoin> {
  const position = (text: string, flavour: Flavour = "mariadb") => parseGtidPosition(flavour, text);
  return decideJoin({
    self: {
      nodeId: "node1",
      clusterId: "c1",
      epoch: 3n,
      flavour: "mariadb",
      serverId: 1,
      wire: { oldest: 1, newest: 2 },
      executed: position(given.executed ?? "0-1-100"),
      purged: position(given.purged ?? ""),
      survived: "0-1-100",
      ...given.self,
    },
    joiner: {
      nodeId: "node2",
      clusterId: "c1",
      epoch: 3n,
      flavour: "mariadb",
      serverId: 2,
      wire: { oldest: 1, newest: 1 },
      position: position(given.position ?? "0-1-50"),
      history: given.position ?? "0-1-50",
      empty: false,
      torn: false,
      wantsRebuild: false,
      ...given.joiner,
    },
  });
}

describe("the decision whether a node joins", () => {
  it("refuses one that it has no version in common with, whatever else it says, and names the one to upgrade", () => {
    const newer = { wire: { oldest: 3, newest: 4 }, torn: true, epoch: 9n };
    expect(decide({ joiner: newer })).toMatchObject({
      kind: "refuse",
      code: "version-mismatch",
      reason: expect.stringMatching(/upgrade node1$/),
    });
    expect(decide({ joiner: { wire: { oldest: 2, newest: 4 } } })).toEqual({ kind: "deliver" });
    expect(decide({ self: { wire: { oldest: 2, newest: 2 } } })).toMatchObject({
      code: "version-mismatch",
      reason: expect.stringMatching(/upgrade node2$/),
    });
  });

  it("delivers where the slave's history is part of the master's and still in its binlog", () => {
    expect(decide({})).toEqual({ kind: "deliver" });
    expect(decide({ position: "0-1-100" })).toEqual({ kind: "deliver" });
    expect(decide({ position: "", joiner: { empty: true, clusterId: null, epoch: 0n } })).toEqual({
      kind: "deliver",
    });
    expect(decide({ purged: "0-1-50" })).toEqual({ kind: "deliver" });
  });

  it("has it take a fresh copy where the binlog no longer reaches back", () => {
    expect(decide({ purged: "0-1-51" })).toMatchObject({
      kind: "rebuild",
      reason: expect.stringContaining("no longer reaches back"),
    });
    expect(
      decide({ purged: "0-1-10", position: "", joiner: { empty: true, clusterId: null } }),
    ).toMatchObject({ kind: "rebuild" });
  });

  it("has it save its own and take a fresh copy where it has what the master lacks", () => {
    expect(decide({ position: "0-1-101" })).toMatchObject({ kind: "rebuild" });
    expect(decide({ position: "1-2-1" })).toMatchObject({ kind: "rebuild" });
  });

  it("F8: is not deceived by numbers that a later master has used again", () => {
    // by number 0-1-105 is within 0-2-230, but of server 1 only 100 survived
    const parted = { executed: "0-2-230", self: { survived: "0-1-100" } };
    expect(decide({ ...parted, position: "0-1-105" })).toMatchObject({ kind: "rebuild" });
    expect(decide({ ...parted, position: "0-1-100" })).toEqual({ kind: "deliver" });
    // written on the slave itself
    expect(decide({ ...parted, position: "0-3-101", joiner: { history: "0-1-100,0-3-101" } })).toMatchObject({
      kind: "rebuild",
    });
  });

  it("never empties a server that has data of its own and was in no cluster", () => {
    expect(decide({ position: "0-7-101", joiner: { clusterId: null, epoch: 0n } })).toMatchObject({
      kind: "refuse",
      code: "snapshot-required",
      reason: expect.stringContaining("drop its databases"),
    });
  });

  it("starts over with a copy that was not restored to its end, and takes one when a person says so", () => {
    const torn = { torn: true, clusterId: null, epoch: 0n };
    expect(decide({ position: "0-7-3", joiner: torn })).toMatchObject({ kind: "rebuild" });
    expect(decide({ joiner: { wantsRebuild: true } })).toMatchObject({ kind: "rebuild" });
  });

  it("empties a fresh server whose own set-up is its whole history, where everything can be delivered", () => {
    const fresh = { empty: true, clusterId: null, epoch: 0n };
    expect(decide({ position: "0-2-7", executed: "0-1-3", joiner: fresh })).toEqual({ kind: "reset" });
    // its numbers look like the master's, but it is another history
    expect(decide({ position: "0-2-7", executed: "0-1-100", joiner: fresh })).toEqual({ kind: "reset" });
    expect(decide({ position: "0-2-7", executed: "0-1-3", purged: "0-1-1", joiner: fresh })).toMatchObject({
      kind: "rebuild",
    });
  });

  it.each<[string, Case, string]>([
    ["its own node id", { joiner: { nodeId: "node1" } }, "node-id-taken"],
    ["the other flavour", { joiner: { flavour: "mysql" } }, "server-unsuitable"],
    ["the same server_id", { joiner: { serverId: 1 } }, "server-unsuitable"],
    ["another cluster", { joiner: { clusterId: "c2" } }, "cluster-mismatch"],
    ["a newer epoch", { joiner: { epoch: 4n } }, "epoch-stale"],
  ])("refuses %s", (_name, given, code) => {
    expect(decide(given)).toMatchObject({ kind: "refuse", code });
  });
});
