import { expect, test } from "vitest";
import { drawScreen } from "../../test/draw-screen.tsx";
import { memberOf, RECORDED_EVENTS, recordedView } from "../../test/recorded-cluster.ts";
import { SIZES } from "../../test/sizes.ts";
import { ALL_VIEWS } from "../views/all-views.ts";
import { enterDatabase, enterTable, DATA } from "../views/data/data-state.ts";
import { gotResult, SQL } from "../views/sql/sql-state.ts";
import { gridRows } from "../widgets/grid-model.ts";
import { textEditor } from "../widgets/text-editor.ts";
import { cellsOf } from "../widgets/text-cells.ts";

for (const view of ALL_VIEWS) {
  for (const [columns, rows] of SIZES) {
    test(`${view.title} stays within ${columns}×${rows}, between its frame's lines`, () => {
      const lines = drawScreen(columns, rows, { viewId: view.id });
      expect(lines.length).toBe(rows - 1);
      for (const line of lines) expect(cellsOf(line)).toBeLessThanOrEqual(columns);
      expect(lines[0]).toMatch(/^Understudy {2}● healthy {2}cluster demo +as of now$/);
      expect(lines[1]).toContain("master node-a http://127.0.0.1:8083 · epoch 7");
      expect(lines[2]).toContain(`[${view.digit} ${view.title}]`);
      // In a text field `?` is text.
      expect(lines.at(-1)).toContain(view.text ? "Ctrl-D" : "? help");
    });
  }
}

for (const [columns, rows] of SIZES) {
  test(`${columns}×${rows} of the overview shows all that matters`, () => {
    const lines = drawScreen(columns, rows, { viewId: "overview" });
    expect(lines[3]).toMatch(/^ {4}node +role +state +lag +/);
    expect(lines[4]).toMatch(/^▸ ★ node-a +master ● up +0 ms .*now/);
    expect(lines[6]).toMatch(/^ {4}node-c +slave +● up +4\.2 s 1234 tx .*4\.0 s ago/);
    expect(lines.some((line) => line.includes("node-c joined: joined as slave"))).toBe(true);
  });
}

test("wider screens have more columns, and the topology", () => {
  const titles = (columns: number) => drawScreen(columns, 24, { viewId: "overview" })[3] ?? "";
  expect(titles(60)).not.toContain("queue");
  expect(titles(72)).toContain("queue");
  expect(titles(84)).toContain("tx/s");
  expect(titles(106)).toContain("position");
  expect(titles(150)).toContain("server");
  const wide = drawScreen(140, 40, { viewId: "overview" }).join("\n");
  expect(wide).toMatch(/★ ● node-a up\n.*├─ ● node-b up\n.*└─ ● node-c up/);
});

for (const [columns, rows] of [
  [59, 30],
  [100, 15],
] as const) {
  test(`${columns}×${rows} is too small, and says so`, () => {
    expect(drawScreen(columns, rows)).toEqual([`Too small: ${columns}×${rows}, at least 60×16 is needed.`]);
  });
}

test("columns stay in line behind names in Chinese, Japanese and emoji, and long ones are cut", () => {
  const names = ["abc", "東京ノード", "🚀🚀", "とても長い名前のノード三号機東京データセンター"];
  const view = recordedView({ members: names.map((name) => memberOf(name)) });
  const lines = drawScreen(60, 20, { viewId: "overview", view });
  const starts = lines.slice(4, 8).map((line) => cellsOf(line.slice(0, line.indexOf("slave"))));
  expect(new Set(starts).size).toBe(1);
  expect(lines[7]).toContain("…");
});

test("every state has its word beside its glyph", () => {
  const states = ["up", "joining", "suspect", "broken", "down"] as const;
  const view = recordedView({
    members: states.map((state) => memberOf(state, { nodeId: `n-${state}`, state, reason: "" })),
  });
  const lines = drawScreen(80, 30, { viewId: "overview", view });
  expect(lines.slice(4, 9).map((line) => /slave +(\S \S+)/.exec(line)?.[1])).toEqual([
    "● up",
    "+ joining",
    "◐ suspect",
    "! broken",
    "× down",
  ]);
});

test("faults and warnings are shown, and counted where they do not fit", () => {
  const warnings = Array.from({ length: 9 }, (_, index) => `warning ${index}`);
  const lines = drawScreen(80, 24, { viewId: "overview", view: recordedView({ leader: null, warnings }) });
  expect(lines[0]).toContain("! degraded");
  expect(lines[1]).toContain("no master");
  const from = lines.indexOf("attention (10)");
  expect(lines.slice(from + 1, from + 5)).toEqual([
    "! no master: nothing can be written now",
    "· warning 0",
    "· warning 1",
    "… and 7 more",
  ]);
});

test("a copy under way has a bar, its rate and the time left", () => {
  const copy = { phase: "rows", bytesDone: 50e6, bytesTotal: 100e6, tablesDone: 1, tablesTotal: 3 };
  const before = recordedView({ members: [memberOf("node-b", { copy: { ...copy, bytesDone: 40e6 } })] });
  const view = recordedView({ members: [memberOf("node-b", { copy })] });
  const text = drawScreen(140, 30, { viewId: "overview", view, before }).join("\n");
  expect(text).toMatch(/copy node-b +▕█+▌?·+▏ 50% rows 50\.0 MB of ~100 MB, 10\.0 MB\/s, 5\.0 s left/);
});

test("what is old is said to be old, with the reason", () => {
  const lines = drawScreen(120, 20, { ageMs: 12_000, trouble: "http://127.0.0.1:8083 refuses connections" });
  expect(lines[0]).toMatch(/^Understudy {2}× unreachable.*as of 12 s ago$/);
  expect(lines.at(-2)).toBe(
    "! What is shown is 12 s old. No node answers, trying again: http://127.0.0.1:8083 refuses connections",
  );
});

test("before the first answer it says whom it asks", () => {
  expect(drawScreen(80, 20, { view: null })[1]).toBe("Asking http://127.0.0.1:8083 …");
});

test("events are the newest first, with the chosen one in full", () => {
  const lines = drawScreen(80, 24, { viewId: "events" });
  expect(lines[4]).toContain("node-c");
  expect(lines[6]).toContain("node-a");
  expect(lines.join("\n")).toContain(`${RECORDED_EVENTS[2]?.time ?? "?"} node-c joined: joined as slave`);
});

const WIDE = gridRows(
  Array.from({ length: 30 }, (_, index) => ({ name: `c${index}`, type: index === 0 ? "BIGINT" : "VARCHAR" })),
  Array.from({ length: 100 }, (_, row) => [String(row + 1), ...Array<string>(29).fill("東京 🚀".repeat(9))]),
);

for (const [columns, rows] of SIZES) {
  test(`rows stay within ${columns}×${rows}, with their types and whose they are`, () => {
    const lines = drawScreen(columns, rows, {
      viewId: "data",
      prepare: (context) =>
        context.update(DATA, (state) => ({
          ...enterTable(enterDatabase(state, "shop"), "orders"),
          page: {
            rows: WIDE,
            offset: 100,
            hasMore: true,
            node: "node-b",
            role: "slave" as const,
            position: "7:0-1-9",
            lagMs: 35,
            timeMs: 2,
          },
        })),
    });
    expect(lines.length).toBe(rows - 1);
    for (const line of lines) expect(cellsOf(line)).toBeLessThanOrEqual(columns);
    expect(lines[3]).toBe("all databases › shop › orders · rows 101–200");
    expect(lines[4]).toMatch(/‹c0› c1/);
    expect(lines[5]).toMatch(/^▸ +bigint varchar/);
    expect(lines[6]).toMatch(/^▸ +1 東京 🚀/);
    expect(lines.at(-3)).toMatch(/^node-b's own rows \(slave\), 35 ms behind · at 7:0-1-9 · 2 ms$/);
    expect(lines.some((line) => line.includes("│ c0 (bigint): 1"))).toBe(columns >= 110);
  });

  test(`a result stays within ${columns}×${rows}, below a long statement`, () => {
    const lines = drawScreen(columns, rows, {
      viewId: "sql",
      prepare: (context) =>
        context.update(SQL, (state) => ({
          ...gotResult(state, { kind: "rows", rows: WIDE, said: "100 rows · from node-b" }),
          editor: textEditor("SELECT *\n".repeat(50)),
        })),
    });
    expect(lines.length).toBe(rows - 1);
    for (const line of lines) expect(cellsOf(line)).toBeLessThanOrEqual(columns);
    expect(lines[3]).toMatch(/^\/query · no database · /);
    expect(lines.some((line) => line.startsWith("51 ▏"))).toBe(true);
    const at = lines.indexOf("✓ 100 rows · from node-b");
    expect(lines[at + 3]).toMatch(/^ +1 東京 🚀/);
  });
}
