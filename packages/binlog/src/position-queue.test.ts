import fc from "fast-check";
import { expect, it } from "vitest";
import type { GtidPosition } from "./gtid-position.ts";
import { emptyPosition, parseGtidPosition } from "./parse-gtid-position.ts";
import { PositionQueue, type PositionTicket } from "./position-queue.ts";

const A = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const B = "3e11fa47-71ca-11e1-9e33-c80aa9429563";

const gtids = {
  mysql: fc
    .tuple(fc.constantFrom(A, B, `${A}:east`), fc.integer({ min: 1, max: 12 }))
    .map(([source, number]) => `${source}:${number}`),
  mariadb: fc
    .tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 12 }))
    .map(([domain, number]) => `${domain}-7-${number}`),
} as const;

for (const flavour of ["mysql", "mariadb"] as const) {
  const gtid = gtids[flavour];
  const build = (list: readonly string[]): GtidPosition =>
    list.reduce((position, one) => position.withGtid(one), emptyPosition(flavour));

  it(`${flavour}: whatever comes in whatever order, each is taken out once, as soon as it is contained, and no sooner`, () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("wait" as const),
        wanted: fc.array(gtid, { minLength: 1, maxLength: 4 }),
      }),
      fc.record({ kind: fc.constant("commit" as const), gtid }),
      fc.record({ kind: fc.constant("leave" as const), which: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new PositionQueue<number>();
        const waiting = new Map<number, { wanted: GtidPosition; ticket: PositionTicket<number> }>();
        let reached = emptyPosition(flavour);
        for (const [index, one] of steps.entries()) {
          if (one.kind === "wait") {
            const wanted = build(one.wanted);
            const ticket = queue.add(wanted, index, reached);
            expect(ticket === null).toBe(reached.contains(wanted));
            if (ticket) waiting.set(index, { wanted, ticket });
          } else if (one.kind === "leave") {
            const [key, entry] = [...waiting][one.which % Math.max(1, waiting.size)] ?? [];
            if (key === undefined || !entry) continue;
            queue.remove(entry.ticket);
            waiting.delete(key);
          } else {
            reached = reached.withGtid(one.gtid);
            const due = [...waiting].filter(([, { wanted }]) => reached.contains(wanted)).map(([key]) => key);
            expect(queue.take(reached).toSorted((a, b) => a - b)).toEqual(due);
            for (const key of due) waiting.delete(key);
          }
          expect(queue.isEmpty).toBe(waiting.size === 0);
        }
      }),
      { numRuns: 500 },
    );
  });
}

it("progress looks at those that it may satisfy, however many others wait", () => {
  let looks = 0;
  /** A position that counts how often somebody is held against it. */
  const counted = (position: GtidPosition): GtidPosition => ({
    ...position,
    lastOf: (source) => position.lastOf(source),
    missingMark: (wanted) => {
      looks += 1;
      return position.missingMark(wanted);
    },
  });
  const queue = new PositionQueue<number>();
  let reached = parseGtidPosition("mysql", `${A}:1-5`);
  for (let index = 0; index < 1_000; index++) {
    queue.add(parseGtidPosition("mysql", `${A}:${10 + index}`), index, reached);
    queue.add(parseGtidPosition("mysql", `${A}:${10 + index},${B}:${10 + index}`), 1_000 + index, reached);
  }
  const taken: number[] = [];
  for (let number = 6; number < 600; number++) {
    reached = reached.withGtid(`${A}:${number}`);
    taken.push(...queue.take(counted(reached)));
  }
  expect(taken).toEqual(Array.from({ length: 590 }, (_, index) => index));
  // one for each that was satisfied, one for each that then waited for its other source
  expect(looks).toBe(2 * 590);
});
