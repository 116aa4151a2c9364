import type { OutputValue, QueryAnswer } from "@understudy/protocol";
import type { ViewContext } from "../../app/view-context.ts";
import type { RunRequest } from "../../live/action-runner.ts";
import { TABLE_START } from "../../widgets/table-model.ts";

/** Most databases whose tables are asked for at once. */
const DATABASES_MAX = 200;

/** Opens a query's rows as a table. */
export function showRows(context: ViewContext, title: string, answer: QueryAnswer): void {
  const columns = answer.columns.map((column) => column.name);
  const rows = answer.rows.map((row) =>
    Array.isArray(row) ? row.map(cell) : columns.map((column) => cell(row[column])),
  );
  context.open({ kind: "result", title, columns, rows, table: TABLE_START, empty: "no rows" });
}

function cell(value: OutputValue | undefined): string {
  return value === null || value === undefined ? "NULL" : String(value);
}

/** Menu entry 2. */
export const LIST_DATABASES: RunRequest = {
  title: "listing databases",
  call: async (node, options) => {
    const { databases } = await node.databases(options);
    return {
      said: `${databases.length} databases`,
      show: (context) =>
        context.open({
          kind: "result",
          title: "databases",
          columns: ["database"],
          rows: databases.map((name) => [name]),
          table: TABLE_START,
          empty: "no database yet",
        }),
    };
  },
};

/** Menu entry 3 on a slave: the tables that are there, as this node has them. */
export const SHOW_TABLES: RunRequest = {
  title: "listing the replicated tables",
  call: async (node, options) => {
    const { databases } = await node.databases(options);
    const rows: string[][] = [];
    for (const database of databases.slice(0, DATABASES_MAX)) {
      const { tables } = await node.tables(database, options);
      for (const { name, engine, rowsEstimate, hasPrimaryKey } of tables) {
        const key = hasPrimaryKey ? "primary key" : "no primary key";
        rows.push([database, name, engine ?? "view", rowsEstimate === null ? "–" : `~${rowsEstimate}`, key]);
      }
    }
    return {
      said: `${rows.length} tables at ${node.url}`,
      show: (context) =>
        context.open({
          kind: "result",
          title: "replicated tables",
          columns: ["database", "table", "engine", "rows", "key"],
          rows,
          table: TABLE_START,
          empty: "no table has come from the master yet",
        }),
    };
  },
};
