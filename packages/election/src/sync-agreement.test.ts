import { describe, expect, it } from "vitest";
import { SyncAgreement } from "./sync-agreement.ts";

const AB = { leader: "m", epoch: 2n, members: ["a", "b"], acks: 1 };
const B = { ...AB, members: ["b"] };

describe("SyncAgreement", () => {
  it("F1: nothing can be confirmed before the store says by whom, in this epoch and of this master", () => {
    const sync = new SyncAgreement("m", 2n);
    expect(sync.conditions()).toBeNull();
    sync.propose(AB);
    expect(sync.conditions()).toBeNull();
    sync.noteStored({ ...AB, epoch: 1n });
    expect(sync.conditions()).toBeNull();
    sync.noteStored({ ...AB, leader: "x" });
    expect(sync.conditions()).toBeNull();
    sync.noteStored(AB);
    expect(sync.conditions()).toEqual([AB]);
  });

  it("F1: what is about to be stored counts together with what is, until it is stored or given up", () => {
    const sync = new SyncAgreement("m", 2n);
    sync.noteStored(AB);
    sync.propose(B);
    expect(sync.conditions()).toEqual([AB, B]);
    sync.noteStored(AB);
    expect(sync.conditions()).toEqual([AB, B]);
    sync.propose(null);
    expect(sync.conditions()).toEqual([AB]);
    sync.propose(B);
    sync.noteStored(B);
    expect(sync.conditions()).toEqual([B]);
  });

  it("F1: nothing can be confirmed any more where the store has lost it", () => {
    const sync = new SyncAgreement("m", 2n);
    sync.noteStored(AB);
    sync.noteStored(null);
    expect(sync.conditions()).toBeNull();
  });

  it("tells when another condition holds, and only then", async () => {
    const sync = new SyncAgreement("m", 2n);
    const told: string[] = [];
    const watch = async (): Promise<void> => {
      for (;;) {
        await sync.changed.next();
        told.push("changed");
      }
    };
    watch().catch(() => undefined);
    const steps: readonly (() => void)[] = [
      () => sync.noteStored(AB),
      () => sync.noteStored({ ...AB }),
      () => sync.propose(B),
      () => sync.propose({ ...B }),
      () => sync.noteStored(B),
    ];
    for (const step of steps) {
      step();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(told).toHaveLength(3);
  });
});
