import { describe, expect, it } from "vitest";
import { leadFaults, type LeadSample } from "./lead-check.ts";
import { madeRecord } from "./made-record.ts";

function said(nodeId: string, epoch: bigint, [askedMs, toldMs]: readonly [number, number]): LeadSample {
  return { nodeId, epoch, askedMs, toldMs };
}

function confirmed(id: string, epoch: bigint, [invokedMs, returnedMs]: readonly [number, number]) {
  return madeRecord(id, { epoch, invokedMs, returnedMs });
}

describe("leadFaults", () => {
  it("takes a lead that goes from one node to the other", () => {
    const samples = [said("node1", 1n, [0, 5]), said("node1", 1n, [10, 15]), said("node2", 2n, [20, 25])];
    expect(leadFaults(samples, [confirmed("a-0", 1n, [0, 9]), confirmed("a-1", 2n, [19, 30])])).toEqual([]);
  });

  it("takes answers that overlap, since nobody knows which came first", () => {
    expect(leadFaults([said("node2", 2n, [10, 30]), said("node1", 1n, [20, 25])], [])).toEqual([]);
    expect(leadFaults([], [confirmed("a-0", 2n, [10, 30]), confirmed("a-1", 1n, [29, 40])])).toEqual([]);
  });

  it("finds a node that says that it leads, asked after a newer master had said so", () => {
    expect(leadFaults([said("node2", 2n, [10, 12]), said("node1", 1n, [20, 22])], [])).toEqual([
      "node1 said that it leads in epoch 1, asked 8 ms after node2 said that it leads in epoch 2",
    ]);
  });

  it("finds a write that an old master confirms, sent after a newer one had confirmed", () => {
    expect(leadFaults([], [confirmed("a-0", 2n, [0, 10]), confirmed("a-1", 1n, [11, 20])])).toEqual([
      "a-1 of a was confirmed in epoch 1, asked 1 ms after a-0 of a was confirmed in epoch 2",
    ]);
  });

  it("finds a write that an old master confirms, sent after a newer one had said that it leads", () => {
    expect(leadFaults([said("node2", 2n, [0, 10])], [confirmed("a-1", 1n, [11, 20])])).toEqual([
      "a-1 of a was confirmed in epoch 1, asked 1 ms after node2 said that it leads in epoch 2",
    ]);
  });

  it("finds two nodes in one epoch", () => {
    expect(leadFaults([said("node1", 3n, [0, 1]), said("node2", 3n, [5, 6])], [])).toEqual([
      "node1 and node2 both led in epoch 3",
    ]);
  });

  it("does not hold what failed against anybody", () => {
    const late = madeRecord("a-1", { outcome: "unconfirmed", epoch: null, invokedMs: 20, returnedMs: 30 });
    expect(leadFaults([said("node2", 2n, [0, 10])], [late])).toEqual([]);
  });
});
