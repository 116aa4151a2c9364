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

it("many writes that wait are each looked at for their own acks only", async () => {
  const board = new AckBoard("mariadb");
  board.add("a");
  board.add("b");
  let looks = 0;
  const counted = (position: GtidPosition): GtidPosition => ({
    ...position,
    lastOf: (source) => position.lastOf(source),
    contains: (wanted) => position.contains(wanted),
    missingMark: (wanted) => {
      looks += 1;
      return position.missingMark(wanted);
    },
  });
  const waits = Array.from({ length: 1_000 }, (_, index) =>
    board.wait({ position: at(index + 1), wanted: () => 2, signal: new AbortController().signal }),
  );
  for (let sequence = 1; sequence <= 1_000; sequence++) {
    board.note("a", counted(at(sequence)));
    board.note("b", counted(at(sequence)));
  }
  for (const acks of await Promise.all(waits)) expect(acks).toEqual(["a", "b"]);
  expect(looks).toBe(2 * 1_000);
});
