import type { ViewContext } from "../src/app/view-context.ts";
import { DATA, enterDatabase, enterTable } from "../src/views/data/data-state.ts";
import { FAILOVER } from "../src/views/failover/failover-state.ts";
import { gotResult, SQL } from "../src/views/sql/sql-state.ts";
import { gridRows } from "../src/widgets/grid-model.ts";
import { textEditor } from "../src/widgets/text-editor.ts";
import { memberOf, RECORDED_PLAN, RECORDED_QUARANTINED, recordedView } from "./recorded-cluster.ts";
import type { RecordedContextOptions } from "./recorded-context.ts";

type Capture = RecordedContextOptions & { readonly prepare?: (context: ViewContext) => void };

/** The sizes of the captures. */
export const CAPTURE_SIZES = [
  { columns: 80, rows: 24 },
  { columns: 140, rows: 40 },
] as const;

const COLUMNS = [
  { name: "id", type: "BIGINT" },
  { name: "name", type: "VARCHAR" },
  { name: "city", type: "VARCHAR" },
  { name: "joined", type: "DATETIME" },
];
const ROWS = gridRows(COLUMNS, [
  ["1", "Ada", "London", "2026-02-27 09:12:44"],
  ["2", "Grace", "New York", "2026-02-27 10:01:03"],
  ["3", "健二", "東京", "2026-02-28 00:30:00"],
  ["4", "Zoë", null, "2026-03-01 08:15:21"],
]);

/** A slave that is copying the master's data, at 40 and at 50 of 100 MB. */
function copying(bytesDone: number) {
  const { members } = recordedView();
  const copy = { phase: "rows", bytesDone, bytesTotal: 100e6, tablesDone: 1, tablesTotal: 3 };
  const newcomer = memberOf("node-d", { state: "joining", reason: "copies the data", queue: null, copy });
  return recordedView({ members: [...members, newcomer] });
}

/**
 * What `docs/dashboard.md` shows of a view beside the recorded cluster, by the view's id: `prepare` puts into its state what its `load`
 * would have brought. A view without an entry is shown as it begins.
 */
export const CAPTURES: Readonly<Record<string, Capture>> = {
  overview: { before: copying(40e6), view: copying(50e6) },
  data: {
    prepare: (context) =>
      context.update(DATA, (state) => ({
        ...enterTable(enterDatabase(state, "mydb"), "users"),
        page: {
          rows: ROWS,
          offset: 0,
          hasMore: false,
          node: "node-a",
          role: "master" as const,
          position: "7:3e11fa47-71ca-11e1-9e33-c80aa9429562:1-90512",
          lagMs: null,
          timeMs: 2,
        },
      })),
  },
  sql: {
    prepare: (context) =>
      context.update(SQL, (state) => ({
        ...gotResult(state, { kind: "rows", rows: ROWS, said: "4 rows · from node-a (master) · 2 ms" }),
        editor: textEditor("SELECT id, name, city, joined\n  FROM mydb.users\n ORDER BY id"),
      })),
  },
  failover: {
    view: recordedView({ election: "etcd" }),
    prepare: (context) =>
      context.update(FAILOVER, (state) => ({
        ...state,
        plan: RECORDED_PLAN,
        lease: null,
        quarantine: { entries: [RECORDED_QUARANTINED], unreachable: [] },
        quarantineAtMs: 0,
      })),
  },
};
