import { createNodeClient } from "@understudy/client";
import type { Job, PlanAnswer, QuarantineEntry, QuarantineReport } from "@understudy/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { drawScreen } from "../../../test/draw-screen.tsx";
import {
  openRecordedNode,
  RECORDED_PLAN as PLAN,
  RECORDED_QUARANTINED as ENTRY,
  recordedView,
  type RecordedNode,
} from "../../../test/recorded-cluster.ts";
import { contextOf, type RecordedContextOptions } from "../../../test/recorded-context.ts";
import { press } from "../../../test/press.ts";
import { SIZES } from "../../../test/sizes.ts";
import type { ViewContext } from "../../app/view-context.ts";
import type { RunRequest } from "../../live/action-runner.ts";
import { failoverLayout } from "./failover-layout.ts";
import { FAILOVER, loadFailover, type FailoverState } from "./failover-state.ts";
import { lossBy, planInWords } from "./plan-words.ts";

const JOB: Job = {
  id: "node-a:1",
  kind: "switchover",
  nodeId: "node-a",
  state: "running",
  startedAt: "2026-03-01T12:00:08.000Z",
  endedAt: null,
  steps: [
    { name: "check", state: "done", startedAt: "", tookMs: 3, detail: "node-b follows closely" },
    {
      name: "hold writes and let those under way end",
      state: "running",
      startedAt: "",
      tookMs: null,
      detail: "",
    },
  ],
  error: null,
};

const ETCD = recordedView({ election: "etcd" });
const KNOWN: Partial<FailoverState> = {
  plan: PLAN,
  lease: null,
  quarantine: { entries: [ENTRY], unreachable: [] },
  quarantineAtMs: 0,
};

function prepared(pane: number, state: Partial<FailoverState> = {}) {
  return (context: ViewContext): void => {
    context.update(FAILOVER, (before) => ({ ...before, ...KNOWN, ...state }));
    context.ui({ kind: "pane", view: "failover", pane });
  };
}

function draw(columns: number, rows: number, pane: number, state: Partial<FailoverState> = {}): string {
  const options = { viewId: "failover", view: ETCD, prepare: prepared(pane, state) };
  return drawScreen(columns, rows, options).join("\n");
}

for (const [columns, rows] of SIZES) {
  test(`${columns}×${rows} tells the plan in plain words`, () => {
    const text = draw(columns, rows, 0).replaceAll(/\s+/g, " ");
    expect(text).toContain("★ node-a leads in epoch 7, and its lease is valid.");
    expect(text).toContain("● If node-a were gone now, node-b would lead.");
    expect(text).toContain("Evidence: both slaves in sync are there.");
    expect(text).toContain("Lost by it: no confirmed write.");
    expect(text).toContain("on: 1 of node-b, node-c.");
    expect(text).toContain("✓ node-b could lead: it has all");
  });

  test(`${columns}×${rows} shows a switchover's steps as they go`, () => {
    const text = draw(columns, rows, 0, { job: JOB });
    expect(text).toMatch(/… ▕█+[▏▎▍▌▋▊▉]?·+▏ 20% switchover by node-a running, 2\.0 s/);
    expect(text).toContain("✓ check, 3 ms: node-b follows closely");
    expect(text).toContain("… hold writes and let those under way end");
    const failed = draw(columns, rows, 0, {
      job: {
        ...JOB,
        state: "failed",
        endedAt: JOB.startedAt,
        error: "node-b did not catch up within 5000 ms",
      },
    });
    expect(failed).toContain("! node-b did not catch up within 5000 ms");
  });

  test(`${columns}×${rows} lists the quarantine of all nodes, and who gave no answer`, () => {
    const text = draw(columns, rows, 1, { quarantine: { entries: [ENTRY], unreachable: ["node-b"] } });
    expect(text).toContain("[quarantine (1 open)]");
    expect(text).toMatch(/▸ node-c +! open +2 60 min/);
    expect(text).toContain("! no answer from node-b");
  });

  test(`${columns}×${rows} tells who led when`, () => {
    expect(draw(columns, rows, 2)).toMatch(/started +started as master/);
  });
}

test("what blocks a failover, and a lease that is not valid, are said", () => {
  const plan = { ...PLAN, winner: null, blocked: ["node-b does not answer"] };
  const text = draw(80, 24, 0, { plan, lease: "no-leader: its lease has run out" });
  expect(text).toContain("! If node-a were gone now, nobody would lead by itself.");
  expect(text).toContain("! Blocked: node-b does not answer.");
  expect(text.replaceAll("\n", " ")).toMatch(/but it does not say so itself: no-leader: its lease/);
});

test("a loss is none only for a node that is fit and not blocked", () => {
  expect(lossBy("node-b", PLAN, ETCD)).toEqual([]);
  expect(lossBy("node-c", PLAN, ETCD).join(" ")).toMatch(
    /node-b has transactions that it lacks.*1234 transactions/,
  );
  expect(lossBy("node-b", { ...PLAN, blocked: ["no etcd"] }, ETCD)[0]).toBe("What blocks it: no etcd.");
  expect(lossBy("node-b", { ...PLAN, election: "static", blocked: ["x"] }, ETCD)[0]).toMatch(
    /^Without etcd nobody/,
  );
  expect(lossBy("node-b", null, null)).toHaveLength(2);
});

test("panes stand below each other on tall screens, and one at a time on others", () => {
  for (let rows = 10; rows <= 60; rows++) {
    for (const job of [0, 3, 8]) {
      const { job: used, panes } = failoverLayout(rows, { pane: 1, job, plan: 9, entries: 3 });
      const titles = rows < 30 ? 1 : 3;
      expect(titles + used + panes.reduce((sum, one) => sum + one, 0)).toBe(rows);
      expect(panes.filter((one) => one > 0)).toHaveLength(rows < 30 ? 1 : 3);
    }
  }
});

function open(
  pane: number,
  options: RecordedContextOptions & { readonly state?: Partial<FailoverState> } = {},
) {
  const context = contextOf({ viewId: "failover", view: ETCD, ...options });
  prepared(pane, options.state)(context);
  const ran: RunRequest[] = [];
  Object.assign(context.services, { run: (request: RunRequest) => ran.push(request) });
  return { context, ran, top: () => context.state.ui.overlays.at(-1)?.overlay };
}

for (const [key, pane, word, says] of [
  ["s", 0, "node-b", "node-b becomes the master, node-a a slave"],
  ["f", 0, "node-b", "node-b has every confirmed write"],
  ["a", 1, "node-c", "are written to the master"],
  ["d", 1, "node-c", "can no longer be applied"],
] as const) {
  test(`${key} asks, and does nothing until ${word} is typed`, () => {
    const { context, ran, top } = open(pane);
    press(context, key);
    expect(top()?.kind).toBe("form");
    press(
      context,
      ...(key === "d" ? ["o", "l", "d", "Enter"] : ["Enter", "Enter"]).slice(
        0,
        key === "f" || key === "d" ? 4 : 1,
      ),
    );
    expect(top()).toMatchObject({ kind: "danger", word });
    expect(JSON.stringify(top())).toContain(says);
    press(context, "Enter");
    expect(ran).toEqual([]);
    press(context, ...word.split(""), "Enter");
    expect(ran).toHaveLength(1);
  });
}

test("--read-only hides all that changes something", () => {
  for (const pane of [0, 1]) {
    const { context, ran } = open(pane, { isReadOnly: true });
    press(context, "s", "f", "a", "d", "c");
    expect([context.state.ui.overlays, ran]).toEqual([[], []]);
    const line = drawScreen(140, 40, {
      viewId: "failover",
      view: ETCD,
      isReadOnly: true,
      prepare: prepared(pane),
    }).at(-1);
    expect(line).not.toMatch(/switchover|force|apply|discard|check/);
  }
});

test("a forced failover with a loss is refused in the form until it is accepted, and then spelled out", () => {
  const { context, top } = open(0, {
    state: { plan: { ...PLAN, winner: null, blocked: ["node-c is away"] } },
  });
  press(context, "f", "Enter", "Enter");
  expect(JSON.stringify(top())).toContain("Confirmed writes may be lost: What blocks it: node-c is away.");
  press(context, "Right", "Enter");
  expect(top()).toMatchObject({ kind: "danger", word: "node-b" });
  expect(JSON.stringify(top())).toContain("CONFIRMED WRITES MAY BE LOST");
});

test("z cancels a switchover while it runs, and only then", async () => {
  const { context, ran } = open(0, { state: { job: JOB } });
  press(context, "z");
  node.answers.set(`DELETE /jobs/${encodeURIComponent(JOB.id)}`, { status: 202, body: JOB });
  await using client = createNodeClient({ url: node.url });
  expect((await ran[0]?.call(client, { timeoutMs: 5_000 }))?.said).toBe("the switchover is being cancelled");
  expect(node.sent).toMatchObject([{ method: "DELETE" }]);
  const ended = open(0, { state: { job: { ...JOB, state: "done" } } });
  press(ended.context, "z");
  expect(ended.ran).toEqual([]);
});

test("without etcd s hands the lead over as well, with nobody named first", () => {
  const { context, top } = open(0, { view: recordedView(), state: { plan: null } });
  press(context, "s");
  expect(top()).toMatchObject({ kind: "form", title: "Hand the lead over" });
  expect(JSON.stringify(top())).not.toContain("the first is the one");
});

test("without etcd the plan says of no node that it could not lead", () => {
  const plan: PlanAnswer = {
    ...PLAN,
    election: "static",
    winner: null,
    blocked: ["there is no election"],
    candidates: [{ nodeId: "node-b", isFit: false, reason: "up: answers" }],
  };
  const lines = planInWords({ plan, planTrouble: null, lease: null }, recordedView(), 100);
  expect(lines.map(({ text }) => text).join("\n")).toContain("· node-b is up: answers");
});

let node: RecordedNode;
beforeEach(async () => {
  node = await openRecordedNode();
});
afterEach(() => node[Symbol.asyncDispose]());

/** Loads the view of a context that is attached to the recorded node. */
async function loaded(state: Partial<FailoverState> = {}): Promise<ViewContext> {
  const { context } = open(0, {
    state: { plan: null, quarantine: null, quarantineAtMs: null, ...state },
  });
  await using client = createNodeClient({ url: node.url });
  Object.assign(context.services, {
    node: () => client,
    openNode: () => createNodeClient({ url: node.url }),
  });
  await loadFailover(context, new AbortController().signal);
  return context;
}

test("loads the plan, the lease, the job and the quarantine, each whatever becomes of the others", async () => {
  node.answers.set("GET /cluster/plan", { body: PLAN });
  node.answers.set("GET /health/master", { status: 503, body: { code: "no-leader", detail: "no lease" } });
  node.answers.set(`GET /jobs/${encodeURIComponent(JOB.id)}`, { body: { ...JOB, state: "done" } });
  node.answers.set("GET /cluster/quarantine", { body: { entries: "none" } });
  expect((await loaded({ job: JOB })).get(FAILOVER)).toMatchObject({
    plan: PLAN,
    planTrouble: null,
    lease: "no-leader: no lease",
    job: { state: "done" },
    quarantine: null,
    quarantineTrouble: "internal: the node's answer lacks entries or unreachable",
  });
});

test("all nodes are asked for their quarantine every ten seconds only", async () => {
  node.answers.set("GET /cluster/quarantine", { body: { entries: [ENTRY], unreachable: [] } });
  await loaded({ quarantineAtMs: 500 });
  expect(node.asked.filter((path) => path.startsWith("/cluster/quarantine"))).toEqual([]);
  const context = await loaded();
  expect(context.get(FAILOVER).quarantine?.entries).toEqual([ENTRY]);
});

test("a check shows its report, conflicts in words", async () => {
  const report: QuarantineReport = {
    entry: ENTRY.manifest.id,
    mode: "check",
    onConflict: "skip",
    startedAt: "",
    endedAt: "",
    applied: 1,
    conflicts: 1,
    skipped: 0,
    outcomes: [
      {
        index: 1,
        gtid: "a:7",
        outcome: "conflict",
        conflict: { kind: "duplicate-key", table: "mydb.users", rows: 1, errno: null },
        reason: "id 7 is there already",
        unchecked: [],
      },
    ],
    moreOutcomes: 0,
  };
  node.answers.set("POST /cluster/quarantine/q-6-1/apply", { body: report });
  const { context, ran, top } = open(1);
  press(context, "c");
  await using client = createNodeClient({ url: node.url });
  const outcome = await ran[0]?.call(client, { timeoutMs: 5_000 });
  outcome?.show?.(context);
  expect(node.sent).toMatchObject([{ body: { mode: "check", onConflict: "skip" } }]);
  expect(JSON.stringify(top())).toContain("Checked; nothing is changed: 1 would be applied, 1 conflict");
  expect(JSON.stringify(top())).toContain(
    "! 2. a:7 conflict duplicate-key on mydb.users, 1 rows: id 7 is there already",
  );
});

test("a copy of all data says what it is, can't be applied, and can be discarded", async () => {
  const wholeCopy = { reason: "its binlog cannot be read: half an event", errant: "a:6-7", incarnation: "x" };
  const manifest = { ...ENTRY.manifest, kind: "whole-copy", wholeCopy, clientTransactionCount: 0 } as const;
  const copy: QuarantineEntry = { ...ENTRY, manifest };
  const state = { quarantine: { entries: [copy], unreachable: [] } };
  expect(draw(80, 24, 1, state)).toMatch(/▸ node-c +! open +all data 60 min/);
  node.answers.set("GET /cluster/quarantine/q-6-1", {
    body: { entry: copy, transactions: [], next: null },
  });
  const { context, ran, top } = open(1, { state });
  press(context, "a", "c");
  expect([ran, top()]).toEqual([[], undefined]);
  press(context, "Enter");
  await using client = createNodeClient({ url: node.url });
  const outcome = await ran[0]?.call(client, { timeoutMs: 5_000 });
  expect(outcome?.said).toBe("q-6-1 is a copy of all data");
  outcome?.show?.(context);
  expect(JSON.stringify(top())).toMatch(
    /all data that node-c had.*half an event.*lost may be a:6-7.*nothing to apply/,
  );
  const discarding = open(1, { state });
  press(discarding.context, "d", "o", "l", "d", "Enter");
  expect(JSON.stringify(discarding.top())).toContain(
    "A copy of all data that node-c had is marked as not needed",
  );
});

test("the listing is the node's own text, cut where it is too long to show", async () => {
  node.answers.set("GET /cluster/quarantine/q-6-1/listing", { body: "INSERT\n".repeat(20_000) });
  const { context, ran, top } = open(1);
  press(context, "l");
  await using client = createNodeClient({ url: node.url });
  const outcome = await ran[0]?.call(client, { timeoutMs: 5_000 });
  outcome?.show?.(context);
  const text = top();
  expect(text?.kind === "text" && text.text.length).toBeLessThan(66_000);
  expect(JSON.stringify(text)).toContain("cut here; all of it: GET /cluster/quarantine/q-6-1/listing");
});
