import { describe, expect, it } from "vitest";
import { NODES, Scene } from "../test/scene.ts";

const { signal } = new AbortController();
/** What three nodes may ask of the store in a second, however their elections go. */
const REQUESTS_MAX = 60;

describe("LeaseElection", () => {
  it("F2: a new cluster is led by the node that was started as its master, and the others follow it", async () => {
    await using scene = new Scene();
    for (const nodeId of NODES.toReversed()) scene.start(nodeId);
    await scene.until(() => scene.leads("a", 1n));
    await scene.clock.advance(3000);
    expect(scene.leader).toBe("a:1");
    expect(NODES.map((nodeId) => scene.leads(nodeId, 1n))).toEqual([true, false, false]);
    expect(scene.host("a").done).toContain("lead in 1");
    for (const nodeId of ["b", "c"]) {
      expect(scene.host(nodeId).done.slice(-2)).toEqual(["reopen 1", "follow a in 1"]);
    }
  });

  it("F1: it is agreed in the store who is in sync before anything can be confirmed by them", async () => {
    await using scene = new Scene();
    await scene.begin();
    const stored = scene.election("b").state?.sync;
    expect(stored).toEqual({ leader: "a", epoch: 1n, members: ["b", "c"], acks: 1 });
    expect(scene.election("a").sync?.conditions()).toEqual([stored]);
    expect(scene.election("b").sync).toBeNull();
  });

  it("F1 F3: a dead master is replaced when its lease is over, by the slave that has most", async () => {
    await using scene = new Scene();
    await scene.begin();
    scene.host("c").gtid = scene.host("c").gtid.replace("1-10", "1-11");
    scene.kill("a");
    await scene.clock.advance(3900);
    expect(scene.leader).toBe("a:1");
    const ms = await scene.until(() => scene.leads("c", 2n));
    expect(ms).toBeLessThan(3000);
    expect(scene.host("c").done.slice(-3)).toEqual(["follow nobody", "close 1", "lead in 2"]);
    await scene.until(() => scene.host("b").done.at(-1) === "follow c in 2");
    expect([scene.leads("a", 1n), scene.leads("b", 2n)]).toEqual([false, false]);
  });

  it("F1: a lead that was given back in order is taken at once", async () => {
    await using scene = new Scene();
    await scene.begin();
    await scene.stop("a");
    expect(scene.host("a").done.at(-1)).toBe("step down");
    expect(await scene.until(() => scene.leads("b", 2n))).toBeLessThan(1500);
  });

  it("F1: a master that refuses every slave in sync is replaced while its lease still holds", async () => {
    await using scene = new Scene();
    await scene.begin();
    scene.host("b").refusedBy = "a";
    await scene.clock.advance(3000);
    // one alone may be wrong
    expect(scene.leader).toBe("a:1");
    scene.host("c").refusedBy = "a";
    expect(await scene.until(() => scene.leads("b", 2n))).toBeLessThan(2500);
    expect(scene.host("b").done).toContain("close 1");
    await scene.until(() => scene.host("a").done.at(-1) === "follow b in 2");
    expect(scene.leads("a", 1n)).toBe(false);
    expect(scene.host("a").done).toContain("step down");
  });

  it("F9: nodes that all refuse each other, and reach the store, do not pass the lead to and fro", async () => {
    await using scene = new Scene();
    await scene.begin();
    for (const nodeId of NODES) {
      const host = scene.host(nodeId);
      host.refusedBy = "everybody";
      host.slaves = NODES.filter((other) => other !== nodeId);
      host.following = [];
    }
    // once with good reason: for its slaves it can't be told from one that is dead
    await scene.until(() => scene.leader === "b:2");
    await scene.clock.advance(120_000);
    expect(scene.leader).toBe("b:2");
    for (const nodeId of NODES) scene.host(nodeId).refusedBy = null;
    scene.host("b").following = null;
    await scene.until(() => scene.election("b").sync?.conditions()?.[0]?.epoch === 2n);
  });
});

describe("LeaseElection without the store", () => {
  it("F2 F7: a master whose lease is not renewed steps down before it ends there, and nobody else leads", async () => {
    await using scene = new Scene();
    await scene.begin();
    scene.store.isAway = true;
    await scene.clock.advance(2900);
    expect(scene.leads("a", 1n)).toBe(true);
    await scene.clock.advance(1100);
    expect(scene.leads("a", 1n)).toBe(false);
    expect(scene.host("a").done.at(-1)).toBe("step down");
    expect(scene.leader).toBe("a:1");
    await scene.clock.advance(20_000);
    expect(NODES.filter((nodeId) => scene.leads(nodeId, 2n))).toEqual([]);
  });

  it("F7: it takes no lead by a lease that it could not renew in time, though the store still has it", async () => {
    await using scene = new Scene();
    await scene.begin();
    await scene.stop("a");
    await scene.until(() => scene.leads("b", 2n));
    scene.store.isAway = true;
    await scene.until(() => !scene.leads("b", 2n));
    scene.store.isAway = false;
    const before = scene.store.requests;
    scene.election("b").hurry();
    await scene.clock.advance(0);
    expect(scene.store.requests - before).toBeLessThan(REQUESTS_MAX);
    await scene.until(() => scene.leader !== null && scene.leader !== "b:2");
    // one attempt is enough once the lease is sure again
    expect(["b:3", "c:3"]).toContain(scene.leader);
  });

  it("F2 F7: leads on while every member says that it accepts no other, and after it, in the same epoch", async () => {
    await using scene = new Scene();
    await scene.begin();
    scene.host("a").agrees = () => true;
    scene.store.isAway = true;
    await scene.clock.advance(20_000);
    expect(scene.leads("a", 1n)).toBe(true);
    expect(scene.host("a").notes.at(-1)).toContain("leads on without etcd");
    // as the members that it asked did
    for (const nodeId of ["b", "c"]) {
      expect(scene.election(nodeId).promise({ nodeId: "a", epoch: 1n, stalled: false })).toBe(true);
    }
    scene.store.isAway = false;
    await scene.clock.advance(3000);
    expect(scene.leader).toBe("a:1");
    expect(scene.leads("a", 1n)).toBe(true);
    expect(scene.host("a").done).not.toContain("step down");
  });

  it("F2: who has promised a master to accept no other takes no lead for the time of a lease", async () => {
    await using scene = new Scene();
    await scene.begin();
    expect(scene.election("b").promise({ nodeId: "c", epoch: 1n, stalled: false })).toBe(false);
    expect(scene.election("a").promise({ nodeId: "b", epoch: 1n, stalled: false })).toBe(false);
    for (const nodeId of ["b", "c"]) {
      expect(scene.election(nodeId).promise({ nodeId: "a", epoch: 1n, stalled: false })).toBe(true);
    }
    await scene.stop("a");
    await scene.clock.advance(4900);
    expect(scene.leader).toBeNull();
    expect(scene.host("b").notes.at(-1)).toContain("it accepts no other");
    expect(await scene.until(() => scene.leads("b", 2n))).toBeLessThan(2000);
  });
});

describe("LeaseElection where the master is cut off from the store and commits nothing", () => {
  it("F7 F9: the others elect one of them", async () => {
    await using scene = new Scene();
    await scene.begin();
    scene.host("a").stalledBecause = "its disk is full";
    scene.host("a").agrees = (request) => ["b", "c"].every((id) => scene.election(id).promise(request));
    scene.kill("a");
    expect(await scene.until(() => scene.leads("b", 2n))).toBeLessThan(8000);
    expect(scene.leads("a", 1n)).toBe(false);
  });

  it("F9: it leads on while they are cut off too, since it may commit again before they are back", async () => {
    await using scene = new Scene();
    await scene.begin();
    scene.host("a").stalledBecause = "its server restarts";
    scene.host("a").agrees = (request) => ["b", "c"].every((id) => scene.election(id).promise(request));
    scene.store.isAway = true;
    await scene.clock.advance(20_000);
    expect(scene.leads("a", 1n)).toBe(true);
    // the store is back, and commits are still stalled
    scene.store.isAway = false;
    await scene.until(() => scene.leads("b", 2n));
    expect(scene.leads("a", 1n)).toBe(false);
  });
});

describe("LeaseElection where a node can't begin to lead", () => {
  it("F3 F9: gives the lead back and lets another have it", async () => {
    await using scene = new Scene();
    await scene.begin();
    scene.host("b").leadsFail = Number.POSITIVE_INFINITY;
    await scene.stop("a");
    await scene.until(() => scene.leads("c", 3n));
    expect(scene.host("b").done).toContain("step down");
    expect(scene.host("b").tries).toBe(1);
    await scene.until(() => scene.host("b").done.at(-1) === "follow c in 3");
  });

  it("F9: the only one that may lead tries again, less and less often, and leads when it can", async () => {
    await using scene = new Scene();
    const host = scene.host("a");
    host.leadsFail = Number.POSITIVE_INFINITY;
    scene.start("a");
    await scene.clock.advance(3900);
    expect(host.tries).toBe(1);
    expect(host.notes.at(-1)).toContain("it could not begin to lead, so it lets others try first");
    await scene.clock.advance(200_000);
    // after 4, 8, 16, and then each 32 s
    expect(host.tries).toBeGreaterThan(6);
    expect(host.tries).toBeLessThan(10);
    host.leadsFail = 0;
    const epoch = BigInt(host.tries) + 1n;
    expect(await scene.until(() => scene.leads("a", epoch))).toBeLessThan(35_000);
  });

  it("does not wait with a person's word", async () => {
    await using scene = new Scene();
    scene.host("a").leadsFail = 1;
    scene.start("a");
    await scene.until(() => scene.host("a").tries === 1);
    await scene.clock.advance(1000);
    await scene.election("a").force({ acceptLoss: false }, signal);
    await scene.clock.advance(0);
    expect(scene.leads("a", 2n)).toBe(true);
  });

  it("does not ask without end where what it has told can't be understood", async () => {
    await using scene = new Scene();
    scene.host("a").gtid = "no position";
    scene.start("a");
    await scene.clock.advance(0);
    const before = scene.store.requests;
    await scene.clock.advance(1000);
    expect(scene.store.requests - before).toBeLessThan(REQUESTS_MAX);
    expect(scene.leader).toBeNull();
  });
});

describe("LeaseElection by a person's word", () => {
  it("F3: a lead that is handed over is the other's in the next epoch, and not this one's any more", async () => {
    await using scene = new Scene();
    await scene.begin();
    scene.host("c").slaves = ["a", "b"];
    scene.host("c").acking = new Promise(() => undefined);
    const handing = scene.election("a").handOver("c", signal);
    await scene.clock.advance(0);
    await handing;
    expect(scene.leader).toBe("c:2");
    expect([scene.leads("a", 1n), scene.leads("c", 2n)]).toEqual([false, true]);
    // by whose acks it confirms is agreed with the hand-over itself, before anybody has acked anything to it
    expect(scene.election("c").sync?.conditions()).toEqual([
      { leader: "c", epoch: 2n, members: ["a", "b"], acks: 1 },
    ]);
    await scene.until(() => scene.host("a").done.at(-1) === "follow c in 2");
    expect(scene.host("a").done.at(-2)).toBe("step down");
  });

  it("F3: what can't be handed over stays, and only who leads can hand over", async () => {
    await using scene = new Scene();
    await scene.begin();
    await expect(scene.election("a").handOver("z", signal)).rejects.toMatchObject({
      code: "promotion-blocked",
    });
    await expect(scene.election("b").handOver("c", signal)).rejects.toMatchObject({ code: "no-leader" });
    expect(scene.leads("a", 1n)).toBe(true);
  });

  it("F3: what the store could not be asked about has not been handed over, so that writes may go on", async () => {
    await using scene = new Scene();
    await scene.begin();
    scene.store.isAway = true;
    await expect(scene.election("a").handOver("c", signal)).rejects.toMatchObject({
      code: "promotion-blocked",
    });
    expect(scene.leads("a", 1n)).toBe(true);
    scene.store.isAway = false;
  });

  it("F1: takes no lead with which confirmed writes could be lost, unless the loss is accepted", async () => {
    await using scene = new Scene();
    await scene.begin();
    await scene.stop("c");
    scene.kill("a");
    await scene.until(() => scene.leader === null);
    await scene.clock.advance(3000);
    // one of two in sync was enough for a confirmed write, so that it may be on c alone
    expect(scene.election("b").plan()?.blocked).not.toEqual([]);
    await expect(scene.election("b").force({ acceptLoss: false }, signal)).rejects.toMatchObject({
      code: "promotion-blocked",
    });
    expect(scene.leader).toBeNull();
    await scene.election("b").force({ acceptLoss: true }, signal);
    await scene.clock.advance(0);
    expect(scene.leads("b", 2n)).toBe(true);
  });
});

describe("LeaseElection at its end", () => {
  it("F7: confirms nothing, gives its lease back and asks the store for nothing any more", async () => {
    await using scene = new Scene();
    scene.start("a");
    await scene.until(() => scene.leads("a", 1n));
    const election = scene.election("a");
    await scene.stop("a");
    expect(() => election.checkLeads(1n)).toThrow("can't be sure any more that it leads");
    expect(scene.host("a").done.at(-1)).toBe("step down");
    expect(scene.leader).toBeNull();
    const before = scene.store.requests;
    await scene.clock.advance(30_000);
    expect(scene.store.requests).toBe(before);
  });

  it("ends also where the store does not answer", async () => {
    await using scene = new Scene();
    await scene.begin();
    scene.store.isAway = true;
    for (const nodeId of NODES) await scene.stop(nodeId);
    const before = scene.store.requests;
    await scene.clock.advance(30_000);
    expect(scene.store.requests).toBe(before);
  });
});
