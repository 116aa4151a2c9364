import { silentLogger, VirtualClock } from "@understudy/kernel";
import { describe, expect, it, onTestFinished } from "vitest";
import { FakeStore, unavailable } from "../test/fake-store.ts";
import { sampleState, type SampleStore } from "../test/sample-state.ts";
import type { SyncSet } from "./cluster-state.ts";
import { DEFAULT_TIMINGS } from "./election-timings.ts";
import type { AckSet, ElectionHost } from "./election-host.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { Term } from "./term.ts";

const { signal } = new AbortController();
const LED: SampleStore = { leader: "m:2:lease-1", epoch: "2" };
const AB = { leader: "m", epoch: "2", members: ["a", "b"], acks: 1 };

interface Node {
  following: string[];
  stalled: string | null;
  unheard: string | null;
  agree: () => Promise<boolean>;
  acked: (set: AckSet) => Promise<void>;
}

/** A term of node `m` in epoch 2 under `lease-1`, which was granted at 1000 ms and is valid until 5000 ms. */
async function openTerm() {
  const clock = new VirtualClock(1000);
  const store = new FakeStore();
  const over: string[] = [];
  const asked: AckSet[] = [];
  const node: Node = {
    following: ["a", "b"],
    stalled: null,
    unheard: null,
    agree: () => Promise.resolve(false),
    acked: () => Promise.resolve(),
  };
  const host = {
    slavesInSync: () => ({ slaves: ["a", "b"], following: node.following, acks: 1 }),
    acked: (set: AckSet) => {
      asked.push(set);
      return node.acked(set);
    },
    stalled: () => node.stalled,
    unheard: () => node.unheard,
    allAgree: () => node.agree(),
    note: () => undefined,
  } satisfies Partial<ElectionHost>;
  const lease = new LeaseKeeper({ store, clock, logger: silentLogger, timings: DEFAULT_TIMINGS });
  store.leases.push(() => Promise.resolve("lease-1"));
  const renewing = new AbortController();
  lease.run(renewing.signal).catch(() => undefined);
  await clock.advance(0);
  const term: Term = new Term({
    nodeId: "m",
    url: "http://m",
    epoch: 2n,
    leaseId: "lease-1",
    leaderRevision: 10n,
    store,
    lease,
    host: host as unknown as ElectionHost,
    clock,
    logger: silentLogger,
    timings: DEFAULT_TIMINGS,
    maxLagMs: 10_000,
    onOver: (because) => {
      over.push(because);
      term.end();
    },
  });
  term.start(null);
  onTestFinished(() => {
    term.end();
    renewing.abort();
  });
  return { clock, store, term, node, over, asked };
}

function asSync({ leader, epoch, members, acks }: typeof AB): SyncSet {
  return { leader, epoch: BigInt(epoch), members, acks };
}

describe("Term: how long it lasts", () => {
  it("F7: ends when the lease was not renewed, before the store would give it to another", async () => {
    const { clock, term, over } = await openTerm();
    await clock.advance(3999);
    expect(term.isValid()).toBe(true);
    await clock.advance(1);
    expect(term.isValid()).toBe(false);
    expect(over).toEqual(["its lease was not renewed in time"]);
  });

  it("F2: a lease other than the one that the leader's key stands under does not make it last", async () => {
    const { clock, term, store, over } = await openTerm();
    store.leases.push(
      () => Promise.resolve(false),
      () => Promise.resolve("lease-2"),
    );
    await clock.advance(1000);
    expect(over).toEqual(["its lease was not renewed in time"]);
    expect(term.isValid()).toBe(false);
  });

  it("F2: lasts without the store for as long as every member has just said that it accepts no other", async () => {
    const { clock, term, node, over } = await openTerm();
    node.agree = () => Promise.resolve(true);
    await clock.advance(20_000);
    expect(term.isValid()).toBe(true);
    node.agree = () => Promise.resolve(false);
    await clock.advance(4000);
    expect(over).toHaveLength(1);
  });

  it("F7: an answer of the members counts from when they were asked, and not at all when it comes too late", async () => {
    const { clock, node, over } = await openTerm();
    node.agree = () => clock.sleep(5000).then(() => true);
    await clock.advance(4000);
    expect(over).toHaveLength(1);
  });

  it("F7: ends at once where it begins after its lease has run out", async () => {
    const { clock, term, over } = await openTerm();
    await clock.advance(10_000);
    expect(over).toHaveLength(1);
    expect(term.isValid()).toBe(false);
  });
});

describe("Term: what the store says", () => {
  it("F2: ends where another was given the lead", async () => {
    const { term, over } = await openTerm();
    await term.look(sampleState({ leader: "a:3", epoch: "3" }), signal);
    expect(over).toEqual(["a was given epoch 3"]);
  });

  it("gives the lead back where its database server does not commit", async () => {
    const { term, over, node, store } = await openTerm();
    node.stalled = "disk full";
    await term.look(sampleState(LED), signal);
    expect(over).toEqual(["its database server does not commit: disk full"]);
    expect(store.changes).toEqual([
      {
        conditions: [{ key: "leader", modRevision: 10n }],
        writes: [
          { kind: "delete", key: "leader" },
          // where it stands is not known any more
          { kind: "delete", key: "members/m" },
        ],
      },
    ]);
  });

  describe("of a master whose writes reach too few slaves", () => {
    const sync = { leader: "m", epoch: "2", members: ["a", "b"], acks: 1 };

    it("gives the lead back where these could elect another", async () => {
      const { term, over, node, store } = await openTerm();
      node.unheard = "it reaches nobody";
      await term.look(
        sampleState({ ...LED, sync, members: { a: {}, b: {}, m: { role: "master" } } }),
        signal,
      );
      expect(over).toEqual(["it reaches nobody"]);
      expect(store.changes).toHaveLength(1);
    });

    it("leads on where the others are too far behind for writes that were confirmed without acks", async () => {
      const { term, over, node } = await openTerm();
      node.unheard = "its binlog can't be read";
      const members = (behindMs: number) =>
        ({ a: { behindMs }, b: { behindMs: null }, m: { role: "master" } }) as const;
      await term.look(sampleState({ ...LED, sync: { ...sync, acks: 0 }, members: members(10_001) }), signal);
      expect(over).toEqual([]);
      await term.look(sampleState({ ...LED, sync: { ...sync, acks: 0 }, members: members(9_999) }), signal);
      expect(over).toEqual(["its binlog can't be read"]);
    });

    it("leads on where nobody else might", async () => {
      const { term, over, node, store } = await openTerm();
      node.unheard = "it reaches nobody";
      await term.look(sampleState({ ...LED, sync, members: { a: {}, m: { role: "master" } } }), signal);
      expect(over).toEqual([]);
      expect(store.changes).toEqual([]);
    });
  });

  it("F2: takes its key again only while it is valid", async () => {
    const { term, store, clock } = await openTerm();
    const gone = sampleState({ epoch: "2" });
    store.answers.push(() => Promise.resolve({ made: true, revision: 20n }));
    expect(await term.claimAgain(gone, signal)).toBe(true);
    await clock.advance(4000);
    expect(await term.claimAgain(gone, signal)).toBe(false);
    expect(store.changes).toHaveLength(1);
  });
});

describe("Term: who is in sync", () => {
  it("F1: asks for acks of all that is committed before it stores, and counts both meanwhile", async () => {
    const { term, store, node, asked, clock } = await openTerm();
    await term.look(sampleState({ ...LED, sync: { ...AB, members: ["a"] } }), signal);
    const acked = Promise.withResolvers<void>();
    node.acked = () => acked.promise;
    await clock.advance(0);
    expect(asked).toEqual([asSync(AB)]);
    expect(term.sync.conditions()?.map(({ members }) => members)).toEqual([["a"], ["a", "b"]]);
    expect(store.changes).toEqual([]);
    store.answers.push(() => Promise.resolve({ made: true, revision: 30n }));
    acked.resolve();
    await clock.advance(0);
    expect(store.changes[0]?.conditions.map(({ key }) => key)).toEqual(["leader", "epoch", "sync"]);
    expect(term.sync.conditions()).toEqual([asSync(AB)]);
  });

  it("F1: goes on under what is stored where the acks do not come", async () => {
    const { term, node, clock, store } = await openTerm();
    node.acked = () => new Promise(() => undefined);
    node.acked = () => clock.sleep(1000).then(() => Promise.reject(new Error("late")));
    await term.look(sampleState({ ...LED, sync: { ...AB, members: ["a"] } }), signal);
    await clock.advance(1001);
    expect(term.sync.conditions()?.map(({ members }) => members)).toEqual([["a"]]);
    expect(store.changes).toEqual([]);
  });

  it("F1: a change of which the answer was lost counts until it is known, and is made again", async () => {
    const { term, store, node, clock } = await openTerm();
    const state = sampleState({ ...LED, sync: { ...AB, members: ["a"] } });
    store.answers.push(unavailable);
    await term.look(state, signal);
    await clock.advance(0);
    expect(term.sync.conditions()).toHaveLength(2);
    // another wish does not replace it
    node.following = ["b"];
    store.answers.push(unavailable);
    await term.look(state, signal);
    await clock.advance(0);
    expect(store.changes[1]).toEqual(store.changes[0]);
    await term.look(sampleState({ ...LED, sync: AB }), signal);
    await clock.advance(0);
    expect(term.sync.conditions()?.[0]).toEqual(asSync(AB));
  });

  it("F1: what was read before the last change of who is in sync is not believed", async () => {
    const { term, store, clock } = await openTerm();
    const before = sampleState({ ...LED, sync: { ...AB, members: ["a"] } });
    store.answers.push(() => Promise.resolve({ made: true, revision: 30n }));
    await term.look(before, signal);
    await clock.advance(0);
    await term.look(before, signal);
    await clock.advance(0);
    expect(term.sync.conditions()).toEqual([asSync(AB)]);
    expect(store.changes).toHaveLength(1);
  });
});
