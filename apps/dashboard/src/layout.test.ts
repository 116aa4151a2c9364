import fc from "fast-check";
import { expect, test } from "vitest";
import { layoutOf, SMALLEST, windowOf } from "./layout.ts";

test("a small screen with much to show still has members, attention and events", () => {
  expect(layoutOf(SMALLEST.rows - 1, { members: 20, attention: 20 })).toEqual({
    memberRows: 3,
    attentionRows: 3,
    eventRows: 2,
  });
});

test("what is not needed goes to events", () => {
  expect(layoutOf(30, { members: 3, attention: 0 })).toEqual({
    memberRows: 3,
    attentionRows: 0,
    eventRows: 21,
  });
});

test("the sections never need more lines than there are, on any screen that is large enough", () => {
  const content = fc.record({ members: fc.nat(100), attention: fc.nat(100) });
  fc.assert(
    fc.property(fc.integer({ min: SMALLEST.rows - 1, max: 200 }), content, (rows, has) => {
      const layout = layoutOf(rows, has);
      const headings = (layout.attentionRows > 0 ? 1 : 0) + 1;
      const used = 5 + headings + layout.memberRows + layout.attentionRows + layout.eventRows;
      expect(used).toBeLessThanOrEqual(rows);
      expect(layout.memberRows).toBeGreaterThan(0);
      expect(layout.eventRows).toBeGreaterThanOrEqual(2);
      expect(layout.attentionRows > 0).toBe(has.attention > 0);
    }),
  );
});

test("a window lies within its list and is as large as it can be", () => {
  fc.assert(
    fc.property(fc.nat(50), fc.nat(80), fc.integer({ min: 1, max: 60 }), (count, scroll, visible) => {
      const { from, to } = windowOf(count, scroll, visible);
      expect(from).toBeGreaterThanOrEqual(0);
      expect(to).toBeLessThanOrEqual(count);
      expect(to - from).toBe(Math.min(count, visible));
    }),
  );
});
