import { expect, test } from "vitest";
import { drawScreen } from "../../../test/draw-screen.tsx";
import { memberOf, recordedView } from "../../../test/recorded-cluster.ts";
import { contextOf } from "../../../test/recorded-context.ts";
import { SIZES } from "../../../test/sizes.ts";
import { press } from "../../../test/press.ts";
import { statementFault } from "./statement-fault.ts";
import { behindInWords, queueInWords } from "./slave-words.ts";

const GTID = "3e11fa47-71ca-11e1-9e33-c80aa9429562:90513";
const BROKEN = `transaction ${GTID} on mydb.users: Duplicate entry '7' for key 'PRIMARY'`;

const master = memberOf("node-a", { role: "master", queue: null });
const brokenView = recordedView({
  members: [master, memberOf("node-b", { state: "broken", reason: BROKEN })],
});

for (const [columns, rows] of SIZES) {
  test(`${columns}×${rows} shows each slave's queue and how far it is behind`, () => {
    const text = drawScreen(columns, rows, { viewId: "replication" }).join("\n");
    expect(text).toMatch(/node-b +● up +window +0 tx/);
    expect(text).toMatch(/node-c +● up +catch-up +1234 tx/);
    expect(text).toMatch(/queue +window: served from the master's memory; 1 deliv/);
    expect(text).toMatch(/cursor +\S*90512 acked of 7:\S*90512/);
    expect(text).toMatch(/receives +41\.3 transactions\/s, 80\.0 kB\/s/);
  });

  test(`${columns}×${rows} names the statement's table and GTID where a slave is broken`, () => {
    const text = drawScreen(columns, rows, { viewId: "replication", view: brokenView }).join("\n");
    expect(text).toMatch(/! node-b is broken/);
    expect(text).toContain("table     mydb.users");
    expect(text).toContain(`GTID      ${GTID}`);
    expect(text.replaceAll("\n", " ")).toMatch(/error {5}Duplicate entry '7' for/);
  });

  test(`${columns}×${rows} has a bar for a copy, and says that it can't be cancelled`, () => {
    const copy = { phase: "rows", bytesDone: 50e6, bytesTotal: 100e6, tablesDone: 1, tablesTotal: 3 };
    const view = recordedView({ members: [master, memberOf("node-b", { state: "joining", copy })] });
    const before = recordedView({
      members: [master, memberOf("node-b", { copy: { ...copy, bytesDone: 40e6 } })],
    });
    const text = drawScreen(columns, rows, { viewId: "replication", view, before }).join("\n");
    expect(text).toMatch(/copy node-b +▕█+▌?·+▏ 50%/);
    if (columns > 100) expect(text).toContain("50.0 MB of ~100 MB, 10.0 MB/s, 5.0 s left");
    expect(text).toContain("a copy can't be cancelled");
  });
}

test("where there is room, throughput is a chart", () => {
  const text = drawScreen(140, 40, { viewId: "replication" }).join("\n");
  expect(text).toContain("at most 41.3 transactions/s in the last minute:");
  expect(text).toMatch(/(\n +█ *){4}/);
});

test("errors are read out of what nodes say", () => {
  const error = "Duplicate entry '7' for key 'PRIMARY'";
  expect(statementFault(BROKEN)).toEqual({ gtid: GTID, table: "mydb.users", error });
  expect(statementFault(`transaction 0-1-7 could not be applied: Can't create database 'x'; exists`)).toEqual(
    { gtid: "0-1-7", table: null, error: "Can't create database 'x'; exists" },
  );
  expect(statementFault("it refuses connections")).toBeNull();
});

test("words of queues and of what is missing", () => {
  expect(queueInWords(null)).toContain("not known");
  expect(queueInWords({ mode: "paused", acked: "", deliveriesInFlight: 0, lastError: null })).toContain(
    "paused: nothing is delivered until it is resumed",
  );
  expect(behindInWords({ transactions: 1, bytes: 2_000, ms: 1_500 })).toBe("1 transaction, 2.0 kB, 1.5 s");
  expect(behindInWords({ transactions: 0, bytes: 0, ms: 0 })).toBe("nothing");
  expect(behindInWords({ transactions: null, bytes: null, ms: null })).toBe("not known");
});

for (const [key, title, says] of [
  ["p", "pause node-b", "delivers nothing to node-b until it is resumed"],
  ["b", "rebuild node-b", "All databases and accounts on node-b's server are deleted"],
  ["x", "remove node-b", "node-a forgets node-b"],
] as const) {
  test(`${key} needs the node's name typed, and does nothing with --read-only`, () => {
    const context = contextOf({ viewId: "replication" });
    press(context, key);
    const { overlays } = context.state.ui;
    expect(overlays).toHaveLength(1);
    expect(overlays[0]?.overlay).toMatchObject({ kind: "danger", title, word: "node-b" });
    expect(JSON.stringify(overlays[0])).toContain(says);
    const reading = contextOf({ viewId: "replication", isReadOnly: true });
    press(reading, key);
    expect(reading.state.ui.overlays).toEqual([]);
    expect(drawScreen(80, 24, { viewId: "replication", isReadOnly: true }).at(-1)).not.toMatch(
      /pause|rebuild|remove/,
    );
  });
}

test("u resumes a paused slave at the master, and a broken one at itself", () => {
  const ranAt = (view: ReturnType<typeof recordedView>): (string | undefined)[] => {
    const context = contextOf({ viewId: "replication", view });
    const ran: (string | undefined)[] = [];
    Object.assign(context.services, { run: (request: { at?: string }) => ran.push(request.at) });
    press(context, "u");
    return ran;
  };
  const queue = { mode: "paused" as const, acked: "", deliveriesInFlight: 0, lastError: null };
  expect(ranAt(recordedView({ members: [master, memberOf("node-b", { queue })] }))).toEqual([
    "http://127.0.0.1:8083",
  ]);
  expect(ranAt(brokenView)).toEqual(["http://127.0.0.1/node-b"]);
  expect(ranAt(recordedView())).toEqual([]);
});
