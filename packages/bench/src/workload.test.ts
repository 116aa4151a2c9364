import { describe, expect, it } from "vitest";
import { MixedLane } from "./workload.ts";

function take(lane: number, count: number): readonly string[] {
  const series = new MixedLane(lane);
  return Array.from({ length: count }, () => series.next());
}

describe("MixedLane", () => {
  it("gives the same series for the same number, and another for another", () => {
    expect(take(3, 500)).toEqual(take(3, 500));
    expect(take(3, 500)).not.toEqual(take(4, 500));
  });

  it("mixes every kind, each transaction in one text", () => {
    const all = take(1, 2000);
    const share = (start: string): number => all.filter((sql) => sql.startsWith(start)).length / all.length;
    expect(share("INSERT")).toBeCloseTo(0.5, 1);
    expect(share("UPDATE")).toBeCloseTo(0.3, 1);
    expect(share("DELETE")).toBeCloseTo(0.1, 1);
    expect(share("BEGIN")).toBeCloseTo(0.1, 1);
    for (const sql of all.filter((text) => text.startsWith("BEGIN"))) expect(sql).toMatch(/; COMMIT$/);
  });

  it("changes and deletes only rows that are there", () => {
    const live = new Set<string>();
    for (const sql of take(9, 5000)) {
      const inserted = /^INSERT INTO bench\.accounts VALUES \((\d+),/.exec(sql)?.[1];
      if (inserted !== undefined) {
        expect(live.has(inserted)).toBe(false);
        live.add(inserted);
      }
      for (const [, id = ""] of sql.matchAll(/WHERE id = (\d+)/g)) expect(live.has(id), sql).toBe(true);
      const deleted = /^DELETE .* id = (\d+)$/.exec(sql)?.[1];
      if (deleted !== undefined) live.delete(deleted);
    }
    expect(live.size).toBeGreaterThan(0);
  });

  it("stays within the ids of its number", () => {
    for (const sql of take(2, 2000)) {
      for (const [, id] of sql.matchAll(/(?:id = |VALUES \()(\d+)/g)) {
        expect(Math.floor(Number(id) / 10_000_000)).toBe(2);
      }
    }
  });
});
