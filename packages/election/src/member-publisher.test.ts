import { VirtualClock } from "@understudy/kernel";
import { describe, expect, it } from "vitest";
import { FakeStore, unavailable } from "../test/fake-store.ts";
import { sampleState, type SampleMember } from "../test/sample-state.ts";
import type { NodeDescription } from "./election-host.ts";
import { MemberPublisher } from "./member-publisher.ts";

const { signal } = new AbortController();
const OPEN = { leaseId: "lease-a", closed: null, refused: null };
const CLOSED = { ...OPEN, closed: 3n };

function openPublisher() {
  const clock = new VirtualClock();
  const store = new FakeStore();
  let gtid = "";
  const describeNode = async (): Promise<NodeDescription> => ({
    url: "http://a",
    flavour: "mysql",
    version: "9.7.0",
    role: "slave",
    priority: 0,
    unfit: "",
    hasHistory: true,
    dataEpoch: "1",
    gtid,
    behindMs: 0,
    startsNewCluster: false,
    knows: [],
  });
  const publisher = new MemberPublisher({ store, host: { describe: describeNode }, clock, nodeId: "a" });
  const made = (revision: bigint): void => {
    store.answers.push(() => Promise.resolve({ made: true, revision }));
  };
  const setGtid = (text: string): void => {
    gtid = text;
  };
  const revisions = (): bigint[] => store.changes.map(({ conditions }) => conditions[0]?.modRevision ?? -1n);
  return { clock, store, publisher, made, setGtid, revisions };
}

/** The store at a revision, with the member's key written last at another. */
function storeAt(
  revision: bigint,
  written: bigint,
): { revision: bigint; revisionOf: (key: string) => bigint } {
  return { revision, revisionOf: (key) => (key === "members/a" ? written : 0n) };
}

describe("MemberPublisher", () => {
  it("tells a changed stand at once, a changed position each second, and nothing where nothing changed", async () => {
    const { clock, store, publisher, made, setGtid } = openPublisher();
    for (const revision of [5n, 6n, 7n]) made(revision);
    expect(await publisher.publish(OPEN, signal)).toBe(true);
    setGtid("x");
    expect(await publisher.publish(OPEN, signal)).toBe(true);
    expect(store.changes).toHaveLength(1);
    expect(await publisher.publish(CLOSED, signal)).toBe(true);
    expect(store.changes).toHaveLength(2);
    await clock.advance(1000);
    await publisher.publish(CLOSED, signal);
    expect(store.changes).toHaveLength(2);
    setGtid("y");
    await clock.advance(1000);
    await publisher.publish(CLOSED, signal);
    expect(store.changes).toHaveLength(3);
  });

  it("F1: can't say anything without a lease", async () => {
    const { store, publisher } = openPublisher();
    expect(await publisher.publish({ ...OPEN, leaseId: null }, signal)).toBe(false);
    expect(store.changes).toEqual([]);
  });

  it("F1: writes on top of its own last write only, so that a late request can't bring an older stand back", async () => {
    const { store, publisher, made, revisions } = openPublisher();
    publisher.noteStored(storeAt(4n, 3n));
    made(5n);
    made(6n);
    await publisher.publish(CLOSED, signal);
    await publisher.publish(OPEN, signal);
    expect(revisions()).toEqual([3n, 5n]);
    store.answers.push(() => Promise.resolve({ made: false, revision: 9n }));
    expect(await publisher.publish(CLOSED, signal)).toBe(false);
    publisher.noteStored(storeAt(9n, 8n));
    made(10n);
    expect(await publisher.publish(CLOSED, signal)).toBe(true);
    expect(revisions()).toEqual([3n, 5n, 6n, 8n]);
  });

  it("F1: tells again what may not have been told, or what the store has lost", async () => {
    const { store, publisher, made, revisions } = openPublisher();
    store.answers.push(unavailable);
    await expect(publisher.publish(CLOSED, signal)).rejects.toThrow("etcd does not answer");
    made(5n);
    await publisher.publish(CLOSED, signal);
    publisher.noteStored(storeAt(6n, 0n));
    made(7n);
    await publisher.publish(CLOSED, signal);
    expect(revisions()).toEqual([0n, 0n, 0n]);
    // what was read before its own last write says nothing
    publisher.noteStored(storeAt(6n, 0n));
    await publisher.publish(CLOSED, signal);
    expect(store.changes).toHaveLength(3);
  });

  it("says what readers understand", async () => {
    const { store, publisher, made } = openPublisher();
    made(5n);
    await publisher.publish({ leaseId: "lease-a", closed: 3n, refused: 2n }, signal);
    const write = store.changes[0]?.writes[0];
    const member: unknown = write?.kind === "put" ? JSON.parse(write.value) : null;
    const state = sampleState({ members: { a: member as SampleMember } });
    expect(state.members.get("a")).toMatchObject({ closed: 3n, refused: 2n, url: "http://a" });
  });
});
