import { emptyPosition, parseGtidPosition, type GtidPosition } from "@understudy/binlog";
import { seededRandom, silentLogger, systemClock, VirtualClock, type Clock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReplicationQueue, type QueueLimits } from "../src/index.ts";
import { FakeBinlog } from "./fake-binlog.ts";
import { FakeSlave, type Behaviour } from "./fake-slave.ts";

const SMALL: Partial<QueueLimits> = {
  windowTransactionsMax: 20,
  windowBytesMax: 16 * 1024,
  deliveryTransactionsMax: 5,
  deliveryBytesMax: 2048,
  heartbeatMs: 20,
  backoffBaseMs: 1,
  backoffMaxMs: 4,
};

interface OpenOptions {
  readonly binlog: FakeBinlog;
  readonly from?: GtidPosition;
  readonly clock?: Clock;
  readonly limits?: Partial<QueueLimits>;
}

function openQueue({ binlog, from, clock = systemClock, limits }: OpenOptions): ReplicationQueue {
  return new ReplicationQueue({
    flavour: "mariadb",
    read: binlog.read,
    from: from ?? binlog.end,
    executedPosition: async () => binlog.end,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    limits: { ...SMALL, ...limits },
  });
}

function gtids(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `0-1-${index + 1}`);
}

async function allHave(slaves: readonly FakeSlave[], count: number): Promise<void> {
  await expect
    .poll(() => slaves.map((slave) => slave.applied.length), { interval: 2 })
    .toEqual(slaves.map(() => count));
}

describe("the replication queue", () => {
  it("brings every transaction to every slave, once and in order, whatever fails on the way", async () => {
    const weights: Behaviour[] = ["apply", "apply", "apply", "apply", "fail-before", "fail-after"];
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.array(fc.nat(5000), { minLength: 1, maxLength: 120 }),
        async (seed, sizes) => {
          const random = seededRandom(seed);
          const binlog = new FakeBinlog();
          const slaves = ["a", "b", "c"].map((name) => new FakeSlave(name));
          for (const slave of slaves) {
            slave.behaviour = () => weights[Math.floor(random() * weights.length)] ?? "apply";
          }
          for (const size of sizes.slice(0, sizes.length >> 1)) binlog.append(size);
          await using queue = openQueue({ binlog });
          for (const slave of slaves) await queue.addSlave(slave);
          for (const size of sizes.slice(sizes.length >> 1)) {
            binlog.append(size);
            if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
          }
          await allHave(slaves, sizes.length);
          for (const slave of slaves) {
            expect(slave.applied).toEqual(gtids(sizes.length));
            expect(slave.underwayMax).toBeLessThanOrEqual(2);
          }
          expect(queue.held.transactions).toBeLessThanOrEqual(27);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("begins where a slave has said that it is, and asks it where that is not so any more", async () => {
    const binlog = new FakeBinlog();
    for (let i = 0; i < 8; i++) binlog.append(100);
    const limits = { heartbeatMs: 60_000 };
    await using queue = openQueue({ binlog, from: emptyPosition("mariadb"), limits });
    const at = (gtid: string): GtidPosition => parseGtidPosition("mariadb", gtid);
    const [there, ahead, behind] = [new FakeSlave("there"), new FakeSlave("ahead"), new FakeSlave("behind")];
    there.committed = at("0-1-8");
    ahead.committed = at("0-1-5");
    await expect.poll(() => queue.position.toString()).toBe("0-1-8");
    expect(queue.heldFrom(at("0-1-5"))?.toString()).toBe("");
    expect(queue.heldFrom(at("0-2-5"))).toBeNull();
    there.behaviour = () => "hang";
    await queue.addSlave(there, at("0-1-8"));
    await expect.poll(() => there.underwayMax).toBe(1);
    // what it said is no ack; what it says now is
    expect(queue.ackedBy(at("0-1-1"))).toEqual([]);
    there.behaviour = () => "apply";
    queue.restart("there", at("0-1-8"));
    await expect.poll(() => queue.ackedBy(at("0-1-8"))).toEqual(["there"]);
    await queue.addSlave(ahead, at("0-1-3"));
    let tries = 0;
    behind.behaviour = () => (tries++ === 0 ? "fail-before" : "apply");
    await queue.addSlave(behind, at("0-1-4"));
    await allHave([behind], 8);
    await expect.poll(() => queue.ackedBy(at("0-1-8")).toSorted()).toEqual(["ahead", "behind", "there"]);
    expect(ahead.applied).toEqual(gtids(8).slice(5));
    expect(there.applied).toEqual([]);
  });

  it("is not slowed by a slave that hangs, and serves that one from the binlog when it is back", async () => {
    const binlog = new FakeBinlog();
    const [quick, hung] = [new FakeSlave("quick"), new FakeSlave("hung")];
    let hangs = true;
    hung.behaviour = () => (hangs ? "hang" : "apply");
    await using queue = openQueue({ binlog });
    await queue.addSlave(quick);
    await queue.addSlave(hung);
    for (let i = 0; i < 500; i++) binlog.append(100);
    await allHave([quick], 500);
    expect(hung.applied).toEqual([]);
    expect(queue.held.transactions).toBeLessThanOrEqual(27);
    const readersBefore = binlog.readersOpened;
    hangs = false;
    queue.restart("hung");
    await allHave([hung], 500);
    expect(hung.applied).toEqual(gtids(500));
    expect(binlog.readersOpened).toBeGreaterThan(readersBefore);
  });

  it("makes the reader wait for the fastest slave instead of holding more than the window", async () => {
    const binlog = new FakeBinlog();
    const slave = new FakeSlave("a");
    let isHeld = true;
    await using queue = openQueue({ binlog });
    await queue.addSlave(slave);
    await expect.poll(() => queue.view("a")?.acked).not.toBeNull();
    slave.behaviour = () => (isHeld ? "hang" : "apply");
    for (let i = 0; i < 300; i++) binlog.append(100);
    await expect.poll(() => queue.held.transactions).toBeGreaterThan(20);
    // until it reads no more, which without a bound would be at the end
    for (let before = -1; before !== queue.transactionsRead;) {
      before = queue.transactionsRead;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(queue.transactionsRead).toBeLessThan(60);
    isHeld = false;
    queue.restart("a");
    await allHave([slave], 300);
  });

  it("streams a transaction that is larger than a delivery, without holding it", async () => {
    const binlog = new FakeBinlog();
    const slave = new FakeSlave("a");
    await using queue = openQueue({ binlog });
    await queue.addSlave(slave);
    binlog.append(10);
    binlog.append(1000, 200);
    binlog.append(10);
    await allHave([slave], 3);
    expect(slave.applied).toEqual(gtids(3));
    expect(slave.deliveries.filter((delivery) => delivery.isStream)).toHaveLength(1);
    expect(queue.held.bytes).toBeLessThan(1000);
  });

  it("stops at apply-failed until someone asks to try again", async () => {
    const binlog = new FakeBinlog();
    const slave = new FakeSlave("a");
    let isBroken = true;
    slave.behaviour = () => (isBroken ? "break" : "apply");
    await using queue = openQueue({ binlog });
    await queue.addSlave(slave);
    binlog.append();
    await expect.poll(() => queue.view("a")?.queue.mode).toBe("stopped");
    expect(queue.view("a")?.stopped?.code).toBe("apply-failed");
    isBroken = false;
    queue.restart("a");
    await allHave([slave], 1);
    expect(queue.view("a")?.stopped).toBeNull();
  });

  it("delivers nothing to a slave whose history is not part of the master's", async () => {
    const binlog = new FakeBinlog();
    const slave = new FakeSlave("a");
    slave.committed = emptyPosition("mariadb").withGtid("0-1-99");
    binlog.append();
    await using queue = openQueue({ binlog });
    await queue.addSlave(slave);
    await expect.poll(() => queue.view("a")?.stopped?.code).toBe("snapshot-required");
    expect(slave.deliveries).toEqual([]);
  });

  it("does not take a slave's own transaction for the master's of the same number", async () => {
    const binlog = new FakeBinlog();
    const slave = new FakeSlave("a");
    await using queue = openQueue({ binlog });
    for (let i = 0; i < 8; i++) binlog.append();
    await expect.poll(() => queue.transactionsRead).toBe(8);
    slave.committed = emptyPosition("mariadb").withGtid("0-2-7");
    await queue.addSlave(slave);
    // the server that is asked for 0-2-7 knows that it has no such transaction
    await expect.poll(() => queue.view("a")?.stopped?.code).toBe("snapshot-required");
    expect(slave.applied).toEqual([]);
  });

  it("holds back while there is any reason to pause", async () => {
    const binlog = new FakeBinlog();
    const slave = new FakeSlave("a");
    await using queue = openQueue({ binlog });
    await queue.addSlave(slave);
    queue.pause("a", "operator");
    queue.pause("a", "rebuild");
    binlog.append();
    queue.resume("a", "rebuild");
    expect(queue.view("a")?.queue.mode).toBe("paused");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(slave.applied).toEqual([]);
    queue.resume("a", "operator");
    await allHave([slave], 1);
  });

  it("tells who has acked a transaction, and waits for enough of them", async () => {
    const binlog = new FakeBinlog();
    const [quick, hung] = [new FakeSlave("quick"), new FakeSlave("hung")];
    await using queue = openQueue({ binlog });
    await queue.addSlave(quick);
    await queue.addSlave(hung);
    await expect.poll(() => queue.view("hung")?.acked).not.toBeNull();
    hung.behaviour = () => "hang";
    const position = parseGtidPosition("mariadb", binlog.append());
    const enough = (count: number, timeoutMs: number): Promise<string[]> =>
      queue.waitForAcks({ position, wanted: () => count, signal: AbortSignal.timeout(timeoutMs) });
    expect(await enough(1, 5000)).toEqual(["quick"]);
    await expect(enough(2, 30)).rejects.toThrow();
    hung.behaviour = () => "apply";
    queue.restart("hung");
    expect((await enough(2, 5000)).toSorted()).toEqual(["hung", "quick"]);
    await queue.removeSlave("quick");
    expect(queue.ackedBy(position)).toEqual(["hung"]);
  });

  it("shows no lag where nothing waits, and a growing one where a slave is silent", async () => {
    const clock = new VirtualClock(1_000_000);
    const binlog = new FakeBinlog();
    const slave = new FakeSlave("a");
    await using queue = openQueue({ binlog, clock });
    await queue.addSlave(slave);
    await clock.advance(5000);
    expect(queue.view("a")?.lag).toEqual({ transactions: 0, bytes: 0, ms: 0 });
    slave.behaviour = () => "hang";
    binlog.append();
    await clock.advance(3000);
    const early = queue.view("a")?.lag;
    expect(early?.transactions).toBe(1);
    expect(early?.bytes).toBeGreaterThan(0);
    await clock.advance(3000);
    expect(queue.view("a")?.lag.ms).toBe((early?.ms ?? Number.NaN) + 3000);
  });

  it("sends a heartbeat to an idle slave, and none while a delivery is under way", async () => {
    const clock = new VirtualClock();
    const binlog = new FakeBinlog();
    const slave = new FakeSlave("a");
    await using queue = openQueue({ binlog, clock, limits: { heartbeatMs: 1000 } });
    await queue.addSlave(slave);
    await clock.advance(0);
    expect(slave.deliveries).toEqual([]);
    await clock.advance(3500);
    expect(slave.deliveries).toEqual([0, 0, 0].map((transactions) => ({ transactions, isStream: false })));
    slave.behaviour = () => "hang";
    binlog.append();
    await clock.advance(10_000);
    expect(queue.view("a")?.queue.deliveriesInFlight).toBe(1);
  });

  it("reads on from where it was after the server was gone", async () => {
    const binlog = new FakeBinlog();
    const slave = new FakeSlave("a");
    await using queue = openQueue({ binlog });
    await queue.addSlave(slave);
    binlog.append();
    await allHave([slave], 1);
    binlog.failure = new UnderstudyError("database-unavailable", "the server is gone");
    binlog.append();
    await expect.poll(() => queue.problem).toBe("the server is gone");
    binlog.failure = null;
    await allHave([slave], 2);
    expect(slave.applied).toEqual(gtids(2));
    expect(queue.problem).toBeNull();
  });

  describe("where the binlog is damaged", () => {
    it("tells for how long not one more transaction could be read", async () => {
      const clock = new VirtualClock();
      const binlog = new FakeBinlog();
      await using queue = openQueue({ binlog, clock });
      binlog.append();
      binlog.damagedBehind = 1;
      binlog.append();
      await clock.advance(5000);
      expect(queue.position.toString()).toBe("0-1-1");
      expect(queue.failingForMs).toBeGreaterThan(4900);
      binlog.damagedBehind = 0;
      await clock.advance(100);
      expect(queue.position.toString()).toBe("0-1-2");
      expect(queue.failingForMs).toBe(0);
    });

    it("goes on behind it, and gives nothing to slaves that lack what can't be read", async () => {
      const clock = new VirtualClock();
      const binlog = new FakeBinlog();
      const [near, far, copied] = [new FakeSlave("near"), new FakeSlave("far"), new FakeSlave("copied")];
      await using queue = openQueue({ binlog, clock });
      await queue.addSlave(near);
      binlog.append();
      await clock.advance(100);
      binlog.damagedBehind = 1;
      binlog.append();
      await clock.advance(100);
      queue.beginAt(binlog.end);
      binlog.append();
      copied.committed = parseGtidPosition("mariadb", "0-1-2");
      await queue.addSlave(far);
      await queue.addSlave(copied);
      await clock.advance(100);
      expect(queue.failingForMs).toBe(0);
      expect(queue.view("near")?.stopped?.code, "it was behind the newest that could be read").toBe(
        "snapshot-required",
      );
      expect(queue.view("far")?.stopped?.code).toBe("snapshot-required");
      expect(queue.floor?.toString()).toBe("0-1-2");
      expect([near.applied, far.applied, copied.applied]).toEqual([gtids(1), [], ["0-1-3"]]);
    });

    it("refuses a slave that no reader brings on, and whoever else is not past that place", async () => {
      const clock = new VirtualClock();
      const binlog = new FakeBinlog();
      for (let count = 0; count < 10; count++) binlog.append();
      const [late, current] = [new FakeSlave("late"), new FakeSlave("current")];
      current.committed = binlog.end;
      await using queue = openQueue({ binlog, clock });
      binlog.damagedBehind = 3;
      await queue.addSlave(current);
      await queue.addSlave(late);
      binlog.append();
      await clock.advance(2000);
      expect(queue.view("late")?.stopped, "a reader that fails may be better soon").toBeNull();
      await clock.advance(3000);
      expect(queue.view("late")?.stopped?.code).toBe("snapshot-required");
      expect(queue.floor?.toString()).toBe("0-1-10");
      binlog.append();
      await clock.advance(100);
      expect(current.applied).toEqual(["0-1-11", "0-1-12"]);
    });
  });
});
