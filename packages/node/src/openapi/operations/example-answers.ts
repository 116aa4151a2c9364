import type { Column } from "@understudy/protocol";

/** What every write of the examples tells besides. */
export const RECEIPT = { position: "1:0-1-12", acks: ["node2"], retries: 0, timeMs: 1.27 };

/** A column of numbers. */
export function numberColumn(name: string, type: string): Column {
  return { name, type, nullable: false, charset: null };
}

/** The columns of the examples' table. */
export const USER_COLUMNS: readonly Column[] = [
  numberColumn("id", "INT"),
  { name: "name", type: "VARCHAR", nullable: true, charset: "utf8mb4" },
];

/** The answer of a read. */
export const ROWS_ANSWER = {
  columns: USER_COLUMNS,
  rows: [{ id: 1, name: "Ada" }],
  rowCount: 1,
  position: "1:0-1-12",
  node: "node2",
  role: "slave",
  lagMs: 0,
  timeMs: 0.412,
};
