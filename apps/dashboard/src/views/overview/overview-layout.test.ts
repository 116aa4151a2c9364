import { expect, test } from "vitest";
import { overviewLayout } from "./overview-layout.ts";

test("the lines are shared out to the last one", () => {
  for (const rows of [10, 18, 34]) {
    for (const content of [
      { members: 3, attention: 0, work: 0 },
      { members: 50, attention: 20, work: 4 },
    ]) {
      const layout = overviewLayout(rows, content);
      const attention = layout.attentionRows === 0 ? 0 : layout.attentionRows + 1;
      expect(1 + layout.memberRows + attention + layout.workRows + 1 + layout.eventRows).toBe(rows);
      expect(layout.memberRows).toBeGreaterThan(0);
    }
  }
});

test("what needs attention gets a quarter at most, and nothing where there is nothing", () => {
  expect(overviewLayout(20, { members: 3, attention: 9, work: 0 }).attentionRows).toBe(5);
  expect(overviewLayout(20, { members: 3, attention: 0, work: 0 })).toMatchObject({
    attentionRows: 0,
    workRows: 0,
  });
});
