import { renderToString } from "ink";
import { expect, test } from "vitest";
import { memberOf, RECORDED_AT_MS, RECORDED_EVENTS, recordedView } from "../test/recorded-cluster.ts";
import { DashboardScreen, type Size } from "./dashboard-screen.tsx";
import { INITIAL_STATE, type DashboardState } from "./dashboard-state.ts";
import { KEY_BINDINGS } from "./key-bindings.ts";
import { ColourContext } from "./toned-text.tsx";

const NODES = ["http://127.0.0.1:8083"];
const SHOWN: DashboardState = {
  ...INITIAL_STATE,
  snapshot: { url: "http://127.0.0.1:8083", view: recordedView(), atMs: 1_000 },
  events: RECORDED_EVENTS,
};

function draw(state: DashboardState, size: Size, ageMs = 0): string[] {
  const now = { wallMs: RECORDED_AT_MS, monotonicMs: 1_000 + ageMs };
  const text = renderToString(
    <ColourContext.Provider value={false}>
      <DashboardScreen state={state} size={size} nodes={NODES} now={now} />
    </ColourContext.Provider>,
    { columns: size.columns },
  );
  return text.split("\n").map((line) => line.trimEnd());
}

function withMembers(
  members: ReturnType<typeof memberOf>[],
  rest: Partial<DashboardState> = {},
): DashboardState {
  return { ...SHOWN, ...rest, snapshot: { url: "http://a", view: recordedView({ members }), atMs: 1_000 } };
}

/** Cells that a line takes, where CJK characters take two. */
function cellsOf(line: string): number {
  return line.split("").reduce((sum, one) => sum + (/[\u3000-\u30ff\u4e00-\u9fff]/.test(one) ? 2 : 1), 0);
}

for (const [columns, rows] of [
  [60, 16],
  [80, 24],
  [100, 30],
  [140, 40],
  [220, 60],
] as const) {
  test(`${columns}×${rows} shows all that matters within its bounds`, () => {
    const lines = draw(SHOWN, { columns, rows });
    expect(lines.length).toBeLessThan(rows);
    for (const line of lines) expect(cellsOf(line)).toBeLessThanOrEqual(columns);
    expect(lines[0]).toMatch(/^Understudy {2}● healthy {2}cluster demo +as of now$/);
    expect(lines[1]).toContain("master node-a http://127.0.0.1:8083 · epoch 7");
    expect(lines[2]).toMatch(/^ {2}node +role +state +lag +last seen/);
    expect(lines[3]).toMatch(/^★ node-a +master ● up +0 ms +now/);
    expect(lines[5]).toMatch(/^ {2}node-c +slave +● up +4\.2 s 1234 tx 4\.0 s ago/);
    expect(lines.at(-1)).toBe("q, Ctrl-C leave · ↑, k up · ↓, j down · r refresh · ? help");
    expect(lines.some((line) => line.includes("node-c joined: joined as slave"))).toBe(true);
  });
}

test("wider screens have more columns", () => {
  const titles = (columns: number) => draw(SHOWN, { columns, rows: 24 })[2] ?? "";
  expect(titles(60)).not.toContain("queue");
  expect(titles(72)).toContain("queue");
  expect(titles(84)).toContain("tx/s");
  expect(titles(106)).toContain("position");
  expect(titles(132)).toContain("server");
  expect(draw(SHOWN, { columns: 140, rows: 24 })[4]).toMatch(
    /window +41\.3 +7:…-c80aa9429562:1-90512 mysql 9\.7\.4$/,
  );
});

for (const size of [
  { columns: 59, rows: 30 },
  { columns: 100, rows: 15 },
]) {
  test(`${size.columns}×${size.rows} is too small, and says so`, () => {
    expect(draw(SHOWN, size)).toEqual([`Too small: ${size.columns}×${size.rows}, at least 60×16 is needed.`]);
  });
}

test("columns stay in line behind names in Chinese and Japanese, and long ones are cut", () => {
  const lines = draw(
    withMembers([
      memberOf("abc"),
      memberOf("東京ノード"),
      memberOf("とても長い名前のノード三号機東京データセンター"),
    ]),
    { columns: 60, rows: 20 },
  );
  const starts = lines.slice(3, 6).map((line) => cellsOf(line.slice(0, line.indexOf("slave"))));
  expect(new Set(starts).size).toBe(1);
  expect(lines[5]).toContain("…");
});

test("every state has its word beside its glyph", () => {
  const states = ["up", "joining", "suspect", "broken", "down"] as const;
  const lines = draw(
    withMembers(states.map((state) => memberOf(state, { nodeId: `n-${state}`, state, reason: "" }))),
    {
      columns: 80,
      rows: 30,
    },
  );
  expect(lines.slice(3, 8).map((line) => /slave +(\S \S+)/.exec(line)?.[1])).toEqual([
    "● up",
    "+ joining",
    "◐ suspect",
    "! broken",
    "× down",
  ]);
});

test("faults and warnings are shown, and counted where they do not fit", () => {
  const warnings = Array.from({ length: 9 }, (_, index) => `warning ${index}`);
  const view = recordedView({ leader: null, warnings });
  const lines = draw({ ...SHOWN, snapshot: { url: "u", view, atMs: 1_000 } }, { columns: 80, rows: 24 });
  expect(lines[0]).toContain("! degraded");
  expect(lines[1]).toContain("no master");
  const from = lines.indexOf("attention (10)");
  expect(lines.slice(from + 1, from + 6)).toEqual([
    "! no master: nothing can be written now",
    "· warning 0",
    "· warning 1",
    "· warning 2",
    "… and 6 more",
  ]);
});

test("more members than fit are scrolled, and the heading says which are in sight", () => {
  const members = Array.from({ length: 20 }, (_, index) => memberOf(`n${index}`));
  const lines = draw(withMembers(members, { scroll: 5 }), { columns: 60, rows: 16 });
  expect(lines[2]).toMatch(/^ {2}node 6–12 of 20 +role/);
  expect(lines[3]).toMatch(/^ {2}n5 /);
  const end = draw(withMembers(members, { scroll: 99 }), { columns: 60, rows: 16 });
  expect(end[2]).toMatch(/^ {2}node 14–20 of 20 +role/);
});

test("what is old is said to be old, with the reason", () => {
  const lines = draw(
    { ...SHOWN, trouble: "http://127.0.0.1:8083 refuses connections" },
    { columns: 120, rows: 20 },
    12_000,
  );
  expect(lines[0]).toMatch(/^Understudy {2}× unreachable.*as of 12 s ago$/);
  expect(lines.at(-2)).toBe(
    "! What is shown is 12 s old. No node answers, trying again: http://127.0.0.1:8083 refuses connections",
  );
});

test("a move to another node is said", () => {
  const lines = draw(
    { ...SHOWN, moved: "moved to http://b, since http://a refuses connections" },
    { columns: 80, rows: 20 },
  );
  expect(lines.at(-2)).toBe("moved to http://b, since http://a refuses connections");
});

test("before the first answer it says whom it asks", () => {
  expect(draw(INITIAL_STATE, { columns: 80, rows: 20 })[0]).toBe("Asking http://127.0.0.1:8083 …");
});

test("the help lists every key binding", () => {
  const lines = draw({ ...SHOWN, isHelpOpen: true }, { columns: 80, rows: 20 });
  for (const binding of KEY_BINDINGS) {
    expect(lines.some((line) => line.startsWith(binding.keys) && line.endsWith(binding.does))).toBe(true);
  }
});
