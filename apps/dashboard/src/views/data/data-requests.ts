import type { CallOptions, NodeClient, SelectInput } from "@understudy/client";
import type { TableDescription } from "@understudy/protocol";
import { UnderstudyError } from "@understudy/protocol";
import type { ViewContext } from "../../app/view-context.ts";
import type { RunRequest } from "../../live/action-runner.ts";
import { requestJson } from "../../live/node-request.ts";
import { counted, duration } from "../../state/wording.ts";
import { gridRows } from "../../widgets/grid-model.ts";
import { DATA, gotRows, levelOf, type DataState, type RowsAsk, type RowsPage } from "./data-state.ts";
import { whereOf } from "./where-text.ts";

/** Rows of a page; one more is asked for, to know whether there is a next one. */
export const PAGE_ROWS = 100;

/** What changes the view's state once an answer is there, and what to say of it. */
interface Heard {
  readonly said: string;
  readonly change: (state: DataState) => DataState;
}

/** The names of the primary key's columns, in their order in the key; empty without one. */
export function primaryKeyOf(description: TableDescription): readonly string[] {
  const index = description.indexes.find(({ name }) => name === "PRIMARY");
  return index?.columns ?? description.columns.filter(({ key }) => key === "PRI").map(({ name }) => name);
}

/** The request for a page. Rows are in the order of the primary key behind what was chosen, so that pages don't overlap. Throws `invalid-request` for a filter that can't be read. */
export function pageRequest(
  place: { readonly database: string; readonly description: TableDescription },
  ask: RowsAsk,
): SelectInput {
  const where = whereOf(ask.where);
  if ("error" in where) throw new UnderstudyError("invalid-request", where.error);
  const { order } = ask;
  const chosen = order
    ? [{ column: order.column, direction: order.isDescending ? ("desc" as const) : ("asc" as const) }]
    : [];
  const key = primaryKeyOf(place.description).filter((name) => name !== order?.column);
  return {
    database: place.database,
    table: place.description.table,
    where: where.value,
    orderBy: [...chosen, ...key.map((column) => ({ column, direction: "asc" as const }))],
    limit: PAGE_ROWS + 1,
    offset: ask.offset,
  };
}

/** Asks for what the present level shows: for rows by `ask`. Rejects with the node's own words. */
export async function hear(
  node: NodeClient,
  { state, ask = state.ask }: { readonly state: DataState; readonly ask?: RowsAsk },
  options: CallOptions,
): Promise<Heard> {
  const { database, table, after } = state;
  // A slave may not have yet what was just made; it tells when it has.
  if (after !== null && table === null) {
    const path = `/databases?after=${encodeURIComponent(after)}`;
    await requestJson(node, { method: "GET", path }, options);
  }
  if (database === null) {
    const { databases } = await node.databases(options);
    return { said: counted(databases.length, "database"), change: (now) => ({ ...now, databases }) };
  }
  if (table === null) {
    const { tables } = await node.tables(database, options);
    return {
      said: `${counted(tables.length, "table")} in ${database}`,
      change: (now) => (now.database === database ? { ...now, tables } : now),
    };
  }
  // The definition may have changed, and costs little beside the rows.
  const description = await node.table(database, table, options);
  const answer = await node.select(
    { ...pageRequest({ database, description }, ask), after: after ?? undefined },
    options,
  );
  const shown = answer.rows.slice(0, PAGE_ROWS);
  const page: RowsPage = {
    rows: gridRows(answer.columns, shown),
    offset: ask.offset,
    hasMore: answer.rows.length > PAGE_ROWS,
    node: answer.node,
    role: answer.role,
    position: answer.position,
    lagMs: answer.lagMs,
    timeMs: answer.timeMs,
  };
  return {
    said: `${counted(shown.length, "row")} of ${database}.${table} from ${answer.node}, ${duration(answer.timeMs)}`,
    change: (now) => gotRows(now, state, { ask, page, description }),
  };
}

/** Asks for what `state` shows because of a key: says so, can be cancelled, never blocks. Nothing changes where it fails. */
export function askRequest(state: DataState, ask: RowsAsk = state.ask): RunRequest {
  const { database, table } = state;
  const title = {
    databases: "listing databases",
    tables: `listing the tables of ${database ?? ""}`,
    rows: `reading ${database ?? ""}.${table ?? ""}`,
  }[levelOf(state)];
  return {
    title,
    call: async (node, options) => {
      const { said, change } = await hear(node, { state, ask }, options);
      return { said, show: (now) => now.update(DATA, change) };
    },
  };
}

/** After a write: reads again, and not before the node has that write. */
export function readAfter(position: string | undefined): (context: ViewContext) => void {
  return (context) => {
    context.update(DATA, (state) => ({ ...state, after: position ?? state.after }));
    context.services.refresh();
  };
}
