import { parseGtidPosition, type GtidPosition } from "@understudy/binlog";
import fc from "fast-check";
import { expect, it } from "vitest";
import { AckBoard } from "./ack-board.ts";

const at = (sequence: number): GtidPosition =>
  sequence === 0 ? parseGtidPosition("mariadb", "") : parseGtidPosition("mariadb", `0-1-${sequence}`);

/** Lets promises that are due settle. */
const settle = async (): Promise<void> => new Promise((done) => setImmediate(done));

interface Outcome {
  readonly position: number;
  readonly wanted: number;
  acks: string[] | null;
}

it("whatever slaves come, ack and go, a wait ends as soon as so many of those that are there have it, and no sooner", async () => {
  const nodeId = fc.constantFrom("a", "b", "c");
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), nodeId }),
    fc.record({ kind: fc.constant("remove" as const), nodeId }),
    fc.record({ kind: fc.constant("ack" as const), nodeId, sequence: fc.integer({ min: 1, max: 9 }) }),
    fc.record({
      kind: fc.constant("wait" as const),
      position: fc.integer({ min: 1, max: 9 }),
      wanted: fc.integer({ min: 1, max: 3 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const board = new AckBoard("mariadb");
      const slaves = new Map<string, number>();
      const outcomes: Outcome[] = [];
      const over = new AbortController();
      for (const one of steps) {
        if (one.kind === "add") {
          board.add(one.nodeId);
          slaves.set(one.nodeId, slaves.get(one.nodeId) ?? 0);
        } else if (one.kind === "remove") {
          board.remove(one.nodeId);
          slaves.delete(one.nodeId);
        } else if (one.kind === "ack") {
          const acked = Math.max(one.sequence, slaves.get(one.nodeId) ?? 0);
          board.note(one.nodeId, at(acked));
          if (slaves.has(one.nodeId)) slaves.set(one.nodeId, acked);
        } else {
          const outcome: Outcome = { position: one.position, wanted: one.wanted, acks: null };
          outcomes.push(outcome);
          board
            .wait({ position: at(one.position), wanted: () => one.wanted, signal: over.signal })
            .then((acks) => (outcome.acks = acks))
            .catch(() => undefined);
        }
        const open = outcomes.filter(({ acks }) => acks === null);
        await settle();
        for (const { position, wanted, acks } of open) {
          const have = [...slaves].filter(([, acked]) => acked >= position).map(([name]) => name);
          expect(acks?.toSorted() ?? null).toEqual(have.length >= wanted ? have.toSorted() : null);
        }
      }
      over.abort(new Error("over"));
      await settle();
    }),
    { numRuns: 150 },
  );
});

it("counts anew when a slave goes or comes: who waits for all of them waits for those that are left", async () => {
  const board = new AckBoard("mariadb");
  board.add("a");
  board.add("b");
  board.note("a", at(5));
  const signal = AbortSignal.timeout(5_000);
  const all = board.wait({ position: at(5), wanted: (slaves) => slaves, signal });
  board.remove("b");
  expect(await all).toEqual(["a"]);
  board.add("b");
  const again = board.wait({ position: at(5), wanted: (slaves) => slaves, signal });
  board.note("b", at(5));
  expect(await again).toEqual(["a", "b"]);
});

it("a wait that ends with its signal leaves nothing behind", async () => {
  const board = new AckBoard("mariadb");
  board.add("a");
  const reason = new Error("enough");
  const ended = new AbortController();
  const wait = board.wait({ position: at(5), wanted: () => 1, signal: ended.signal });
  ended.abort(reason);
  await expect(wait).rejects.toBe(reason);
  board.note("a", at(5));
  expect(board.ackedBy(at(5))).toEqual(["a"]);
});

it("ten thousand writes that wait cost little more than each its own ack", async () => {
  const board = new AckBoard("mysql");
  const uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
  board.add("a");
  board.add("b");
  const waits = Array.from({ length: 10_000 }, (_, index) =>
    board.wait({
      position: parseGtidPosition("mysql", `${uuid}:${index + 1}`),
      wanted: () => 2,
      signal: new AbortController().signal,
    }),
  );
  const startedMs = performance.now();
  let acked = parseGtidPosition("mysql", "");
  for (let index = 1; index <= 10_000; index++) {
    acked = acked.withGtid(`${uuid}:${index}`);
    board.note("a", acked);
    board.note("b", acked);
  }
  await Promise.all(waits);
  // looking at every waiter at every ack would be 200 million looks
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});
