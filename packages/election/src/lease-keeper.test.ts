import { BackgroundLoop, silentLogger, VirtualClock } from "@understudy/kernel";
import { describe, expect, it } from "vitest";
import { FakeStore, unavailable } from "../test/fake-store.ts";
import { DEFAULT_TIMINGS } from "./election-timings.ts";
import { LeaseKeeper } from "./lease-keeper.ts";

function openKeeper() {
  const clock = new VirtualClock(1000);
  const store = new FakeStore();
  const keeper = new LeaseKeeper({ store, clock, logger: silentLogger, timings: DEFAULT_TIMINGS });
  const run = (): BackgroundLoop =>
    new BackgroundLoop(
      (signal) => keeper.run(signal),
      () => undefined,
    );
  return { clock, store, keeper, run };
}

describe("LeaseKeeper", () => {
  it("F7: counts from before a renewal was sent, less the margin, however long its answer takes", async () => {
    const { clock, store, keeper, run } = openKeeper();
    store.leases.push(
      async () => {
        await clock.sleep(700);
        return "lease-1";
      },
      async () => {
        await clock.sleep(900);
        return true;
      },
    );
    await using _loop = run();
    expect(keeper.validUntilMs).toBe(Number.NEGATIVE_INFINITY);
    await clock.advance(700);
    expect(keeper).toMatchObject({ leaseId: "lease-1", validUntilMs: 5000 });
    await clock.advance(300 + 899);
    expect(keeper.validUntilMs).toBe(5000);
    await clock.advance(1);
    expect(keeper.validUntilMs).toBe(6000);
    expect(store.calls).toEqual(["grant", "keep lease-1"]);
  });

  it("F7: a store that does not answer makes it no longer and no shorter", async () => {
    const { clock, store, keeper, run } = openKeeper();
    store.leases.push(
      () => Promise.resolve("lease-1"),
      unavailable,
      unavailable,
      () => Promise.resolve(true),
    );
    await using _loop = run();
    await clock.advance(2500);
    expect(keeper).toMatchObject({ leaseId: "lease-1", validUntilMs: 5000, problem: "etcd does not answer" });
    await clock.advance(1000);
    expect(keeper).toMatchObject({ validUntilMs: 4000 + 4000, problem: null });
  });

  it("F7: a lease that is over is over at once; another is asked for at once", async () => {
    const { clock, store, keeper, run } = openKeeper();
    const granted = Promise.withResolvers<string>();
    store.leases.push(
      () => Promise.resolve("lease-1"),
      () => Promise.resolve(false),
      () => granted.promise,
    );
    await using _loop = run();
    await clock.advance(0);
    const changed = keeper.changed.next();
    await clock.advance(1000);
    await changed;
    expect(keeper).toMatchObject({ leaseId: null, validUntilMs: Number.NEGATIVE_INFINITY });
    granted.resolve("lease-2");
    await clock.advance(0);
    expect(keeper).toMatchObject({ leaseId: "lease-2", validUntilMs: 2000 + 4000 });
    expect(store.calls).toEqual(["grant", "keep lease-1", "grant"]);
  });

  it("F7: says when it is no longer sure of its lease, and tells when it is again", async () => {
    const { clock, store, keeper, run } = openKeeper();
    store.leases.push(() => Promise.resolve("lease-1"));
    await using _loop = run();
    await clock.advance(0);
    expect(keeper.isSure).toBe(true);
    await clock.advance(4000);
    expect(keeper).toMatchObject({ isSure: false, leaseId: "lease-1" });
    store.leases.push(() => Promise.resolve(true));
    const changed = keeper.changed.next();
    await clock.advance(1000);
    await changed;
    expect(keeper.isSure).toBe(true);
  });

  it("gives the lease back at its end, also to a store that does not answer", async () => {
    const { clock, store, keeper, run } = openKeeper();
    store.leases.push(() => Promise.resolve("lease-1"));
    const loop = run();
    await clock.advance(0);
    await loop[Symbol.asyncDispose]();
    await keeper.end(new AbortController().signal);
    await keeper.end(new AbortController().signal);
    expect(store.calls).toEqual(["grant", "revoke lease-1"]);
    expect(keeper.leaseId).toBeNull();
  });
});
