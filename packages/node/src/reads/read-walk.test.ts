import { parseGtidPosition, type GtidPosition } from "@understudy/binlog";
import { LagMeter } from "@understudy/health-monitor";
import { ChangeSignal, silentLogger, VirtualClock } from "@understudy/kernel";
import { formatPosition, type ReadOptions, type ReplicatePosition } from "@understudy/protocol";
import { describe, expect, it } from "vitest";
import type { EpochRecord } from "../cluster/epoch-store.ts";
import { EpochHistory } from "./epoch-history.ts";
import { ReadWalk } from "./read-walk.ts";
import { SlaveReads } from "./slave-reads.ts";
import { parseWantedPosition } from "./wanted-position.ts";

const gtid = (text: string): GtidPosition => parseGtidPosition("mariadb", text);

/** A slave on MariaDB at 0-1-5 in epoch 1, whose master and time are turned by hand. */
async function openScene() {
  const clock = new VirtualClock(10_000);
  const epochChanged = new ChangeSignal();
  const rows: EpochRecord[] = [];
  const epochs = new EpochHistory({
    flavour: "mariadb",
    read: async () => [...rows],
    changed: epochChanged,
    logger: silentLogger,
  });
  const lag = new LagMeter<GtidPosition>({ clock, graceMs: 3_500, contains: (a, b) => a.contains(b) });
  const state = { epoch: 1n, questions: 0, master: "0-1-5" as string | null, answerMs: 0 };
  const reads = new SlaveReads({
    visible: gtid("0-1-5"),
    askSeen: async () => gtid("0-1-5"),
    parsePosition: gtid,
    epoch: () => state.epoch,
    lag,
    epochs,
    epochChanged,
    clock,
    logger: silentLogger,
    master: () => ({
      position: async (options): Promise<ReplicatePosition> => {
        state.questions += 1;
        if (state.answerMs > 0) await clock.sleep(state.answerMs, options?.signal);
        if (state.master === null) throw new Error("no answer");
        return { nodeId: "m", position: state.master, epoch: "1", state: "master" };
      },
    }),
  });
  lag.applied(gtid("0-1-5"));
  lag.heard({ position: gtid("0-1-5"), atMs: clock.monotonicMs() });
  const role = {
    kind: "slave" as const,
    reads,
    get epoch() {
      return state.epoch;
    },
    positionText: () => formatPosition({ epoch: state.epoch, gtid: reads.visible.toString() }),
    lagMs: () => lag.lagMs(),
  };
  const read = async (
    options: Partial<ReadOptions>,
    signal = new AbortController().signal,
  ): Promise<string> => {
    const after = options.after === undefined ? null : parseWantedPosition("mariadb", options.after);
    const walk = new ReadWalk({
      role,
      clock,
      after,
      options: { consistency: "local", waitMs: 1_000, ...options },
    });
    return walk.run(signal).catch((error: unknown) => {
      if (error instanceof Error && "code" in error) return String(error.code);
      throw error;
    });
  };
  const grow = (epoch: bigint): void => {
    state.epoch = epoch;
    epochChanged.notify();
  };
  return { clock, reads, rows, state, lag, read, grow };
}

/** What a promise has come to by now. */
function watch(promise: Promise<string>): { readonly now: () => string | null } {
  let value: string | null = null;
  promise.then(
    (done) => (value = done),
    (error: unknown) => (value = String(error)),
  );
  return { now: () => value };
}

describe("a read after a position", () => {
  it("waits for it, and no longer", async () => {
    const { clock, reads, read } = await openScene();
    const waiting = watch(read({ after: "1:0-1-7" }));
    await clock.advance(500);
    reads.advance(gtid("0-1-6"));
    await clock.advance(0);
    expect(waiting.now()).toBeNull();
    reads.advance(gtid("0-1-7"));
    await clock.advance(0);
    expect(waiting.now()).toBe("pass");
  });

  it("is too stale when its time is over, and says where the node is", async () => {
    const { clock, read } = await openScene();
    const waiting = watch(read({ after: "1:0-1-7" }));
    await clock.advance(999);
    expect(waiting.now()).toBeNull();
    await clock.advance(1);
    expect(waiting.now()).toBe("too-stale");
  });

  it("of a later epoch waits until that is heard of, though its number is there", async () => {
    const { clock, read, grow } = await openScene();
    const waiting = watch(read({ after: "2:0-2-5" }));
    await clock.advance(100);
    expect(waiting.now()).toBeNull();
    grow(2n);
    await clock.advance(0);
    expect(waiting.now()).toBe("pass");
  });

  it("of an earlier epoch waits for what that epoch came to, which arrives with the data", async () => {
    const { clock, reads, rows, read, grow } = await openScene();
    grow(2n);
    const kept = watch(read({ after: "1:0-1-5" }));
    const lost = watch(read({ after: "1:0-1-6" }));
    await clock.advance(100);
    expect([kept.now(), lost.now()]).toEqual([null, null]);
    // the new master goes on with a number that the old one had used for something else
    rows.push({ epoch: 2n, nodeId: "n", startGtid: "0-1-5", startState: "0-1-5" });
    reads.advance(gtid("0-2-6"));
    reads.delivered.notify();
    await clock.advance(0);
    expect([kept.now(), lost.now()]).toEqual(["pass", "history-lost"]);
    expect(await read({ after: "1:0-1-6" })).toBe("history-lost");
  });

  it("is told that its history is lost as soon as that is known, while it waits", async () => {
    const { clock, reads, rows, read, grow } = await openScene();
    const waiting = watch(read({ after: "1:0-1-6" }));
    await clock.advance(100);
    grow(2n);
    await clock.advance(0);
    expect(waiting.now()).toBeNull();
    rows.push({ epoch: 2n, nodeId: "n", startGtid: "0-1-5", startState: "0-1-5" });
    reads.delivered.notify();
    await clock.advance(0);
    expect(waiting.now()).toBe("history-lost");
  });

  it("ends with its caller, and with the role", async () => {
    const { clock, read } = await openScene();
    const gone = new AbortController();
    const waiting = watch(read({ after: "1:0-1-7" }, gone.signal));
    await clock.advance(1);
    gone.abort(new Error("the caller has gone"));
    await clock.advance(0);
    expect(waiting.now()).toBe("Error: the caller has gone");
  });
});

describe("a bounded read", () => {
  const bounded = { consistency: "bounded", maxLagMs: 200 } as const;

  it("asks the master once for all who come, and then for as long as that is fresh enough not at all", async () => {
    const { clock, state, read } = await openScene();
    expect(await Promise.all([read(bounded), read(bounded), read(bounded)])).toEqual([
      "pass",
      "pass",
      "pass",
    ]);
    expect(state.questions).toBe(1);
    await clock.advance(200);
    expect(await read(bounded)).toBe("pass");
    expect(state.questions).toBe(1);
    await clock.advance(1);
    expect(await read(bounded)).toBe("pass");
    expect(state.questions).toBe(2);
  });

  it("waits for what the master has, within its own bound", async () => {
    const { clock, reads, state, read } = await openScene();
    state.master = "0-1-6";
    const [soon, late] = [watch(read(bounded)), watch(read({ ...bounded, maxLagMs: 40 }))];
    await clock.advance(150);
    expect([soon.now(), late.now()]).toEqual([null, "too-stale"]);
    reads.advance(gtid("0-1-6"));
    await clock.advance(0);
    expect(soon.now()).toBe("pass");
  });

  it("is too stale where the master does not answer, at once or within its bound, while local passes", async () => {
    const { clock, state, read } = await openScene();
    state.master = null;
    expect(await read(bounded)).toBe("too-stale");
    state.answerMs = 60_000;
    const hung = watch(read(bounded));
    await clock.advance(199);
    expect(hung.now()).toBeNull();
    await clock.advance(201);
    expect(hung.now()).toBe("too-stale");
    expect(await read({})).toBe("pass");
  });

  it("asks nobody where the lag itself is too large", async () => {
    const { clock, state, lag, read } = await openScene();
    lag.heard({ position: gtid("0-1-9"), atMs: clock.monotonicMs() });
    await clock.advance(201);
    expect(await read(bounded)).toBe("too-stale");
    expect(state.questions).toBe(0);
  });

  it("takes no answer from one who leads in another epoch", async () => {
    const { state, read, grow } = await openScene();
    grow(2n);
    expect(await read(bounded)).toBe("too-stale");
    expect(state.questions).toBe(1);
  });
});
