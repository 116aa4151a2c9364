import { VirtualClock } from "@understudy/kernel";
import { expect, it } from "vitest";
import { MemoryStore } from "../test/memory-store.ts";
import { TestHost } from "../test/test-host.ts";
import type { Leader } from "./cluster-state.ts";
import { Intake } from "./intake.ts";

const { signal } = new AbortController();
const LEADER: Leader = { nodeId: "b", url: "http://b", epoch: 3n, leaseId: "lease-b" };

async function openIntake() {
  const clock = new VirtualClock(1000);
  const store = new MemoryStore(clock);
  const client = store.client("a");
  const host = new TestHost("a", false);
  const lease = { leaseId: await client.grantLease(60_000, { signal }) };
  const intake = new Intake({ store: client, host, clock, nodeId: "a", lease });
  const told = (): unknown => {
    const value = store.value("members/a");
    return value instanceof Object && "closed" in value && "refused" in value
      ? [value.closed, value.refused]
      : value;
  };
  return { clock, store, host, lease, intake, told };
}

it("F1: closes first, and only then says so", async () => {
  const { intake, host, told, clock } = await openIntake();
  const { promise, resolve } = Promise.withResolvers<void>();
  host.closing = promise;
  const closing = intake.close({ epoch: 3n, refused: 3n }, signal);
  await clock.advance(100);
  expect([intake.closed, told()]).toEqual([null, undefined]);
  // it may be closed already, so that nothing may be promised any more
  expect([intake.isClosedTo(3n), intake.isClosedTo(4n)]).toEqual([true, false]);
  resolve();
  expect(await closing).toBe(true);
  expect([intake.closed, told()]).toEqual([3n, ["3", "3"]]);
  await clock.advance(250);
  expect(intake.closedForMs).toBe(250);
});

it("F1: a close that the store did not hear of stands, and is told again", async () => {
  const { intake, store, told } = await openIntake();
  store.isAway = true;
  await expect(intake.close({ epoch: 3n, refused: null }, signal)).rejects.toMatchObject({
    code: "coordination-unavailable",
  });
  expect(intake.closed).toBe(3n);
  store.isAway = false;
  expect(await intake.publish(signal)).toBe(true);
  expect(told()).toEqual(["3", ""]);
});

it("F1: says that it is open first, and opens only where the store has it", async () => {
  const { intake, host, store, lease, told } = await openIntake();
  await intake.close({ epoch: 2n, refused: 2n }, signal);
  store.isAway = true;
  await expect(intake.reopen(LEADER, signal)).rejects.toMatchObject({ code: "coordination-unavailable" });
  expect([intake.closed, intake.isOpen, host.done]).toEqual([2n, false, ["close 2"]]);
  store.isAway = false;
  const { leaseId } = lease;
  lease.leaseId = "over";
  await intake.reopen(LEADER, signal);
  expect([intake.closed, intake.isOpen, host.done]).toEqual([2n, false, ["close 2"]]);
  lease.leaseId = leaseId;
  await intake.reopen(LEADER, signal);
  expect([intake.closed, intake.isOpen, told()]).toEqual([null, true, ["", ""]]);
  expect(host.done).toEqual(["close 2", "reopen 3", "follow b in 3"]);
});

it("takes from nobody while it leads, and nobody relies on what it has", async () => {
  const { intake, told } = await openIntake();
  await intake.close({ epoch: 2n, refused: null }, signal);
  intake.noteLeads();
  expect([intake.closed, intake.isOpen, intake.closedForMs]).toEqual([null, true, 0]);
  await intake.publish(signal);
  expect(told()).toEqual(["", ""]);
});
