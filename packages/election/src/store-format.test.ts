import { silentLogger, VirtualClock } from "@understudy/kernel";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MemoryStore } from "../test/memory-store.ts";
import { TestHost } from "../test/test-host.ts";
import { DEFAULT_TIMINGS } from "./election-timings.ts";
import { LeaseElection } from "./lease-election.ts";
import { STORE_FORMAT } from "./store-format.ts";

const NEWER = STORE_FORMAT + 1;
const never = new AbortController().signal;
let clock: VirtualClock;
let store: MemoryStore;
let running: AsyncDisposableStack;

beforeEach(() => {
  clock = new VirtualClock(0);
  store = new MemoryStore(clock);
  running = new AsyncDisposableStack();
});

afterEach(() => running.disposeAsync());

function startNode(nodeId: string) {
  const host = new TestHost(nodeId, true);
  const election = running.use(
    new LeaseElection({
      nodeId,
      url: `http://${nodeId}`,
      store: store.client(nodeId),
      host,
      clock,
      logger: silentLogger,
      timings: DEFAULT_TIMINGS,
      maxLagMs: 10_000,
      promisedEpoch: 0n,
    }),
  );
  return { host, election };
}

async function writeFormat(value: string): Promise<void> {
  const writes = [{ kind: "put", key: "format", value }] as const;
  await store.client("person").change({ conditions: [], writes }, { signal: never });
}

test("the first leader writes the format, and who leads after an older release writes its own", async () => {
  await writeFormat("0");
  const { host } = startNode("a");
  await clock.advance(20_000);
  expect(host.role).toBe("master");
  expect(store.value("format")).toBe(STORE_FORMAT);
});

test("a node that finds a newer format takes no part, and says which node to upgrade", async () => {
  await writeFormat(String(NEWER));
  const { host, election } = startNode("b");
  await clock.advance(60_000);
  expect(host.role).toBe("slave");
  expect(host.notes).toContainEqual(expect.stringMatching(/can't take part in elections: .*upgrade b$/));
  expect(new Set(host.done)).toEqual(new Set(["follow nobody", "close 0"]));
  expect([store.value("leader"), store.value("members/b")]).toEqual([undefined, undefined]);
  await expect(election.force({ acceptLoss: true }, never)).rejects.toMatchObject({
    code: "version-mismatch",
  });
  expect([store.value("leader"), store.value("format")]).toEqual([undefined, NEWER]);
});

test("a master that finds a newer format gives its lead back", async () => {
  const { host } = startNode("a");
  await clock.advance(20_000);
  expect(host.role).toBe("master");
  await writeFormat(String(NEWER));
  await clock.advance(5000);
  expect(host.role).toBe("slave");
  expect(store.value("leader")).toBeUndefined();
});
