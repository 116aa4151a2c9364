import type { ClusterNode } from "@understudy/e2e";

/** No unique key on the id: a doubled write has to show. */
const TABLES = [
  "CREATE DATABASE chaos",
  "CREATE TABLE chaos.entries (seq BIGINT AUTO_INCREMENT PRIMARY KEY, id VARCHAR(60) NOT NULL, KEY (id))",
  "CREATE TABLE chaos.counters (writer VARCHAR(40) PRIMARY KEY, n BIGINT NOT NULL)",
  "CREATE DATABASE history",
  "CREATE TABLE history.registers (id VARCHAR(40) PRIMARY KEY, value BIGINT NOT NULL)",
];

/** Makes the tables of all workloads, and a counter for each writer. */
export async function makeTables(master: ClusterNode, writers: readonly string[]): Promise<void> {
  for (const sql of TABLES) await mustExecute(master, sql);
  const rows = writers.map((writer) => `('${writer}', 0)`).join(", ");
  await mustExecute(master, `INSERT INTO chaos.counters VALUES ${rows}`);
}

/** One write: a row, and its writer's counter, so that half of a transaction shows. */
export function statementsOf(
  id: string,
  writer: string,
): readonly { readonly sql: string; readonly params: readonly string[] }[] {
  return [
    { sql: "INSERT INTO chaos.entries (id) VALUES (?)", params: [id] },
    { sql: "UPDATE chaos.counters SET n = n + 1 WHERE writer = ?", params: [writer] },
  ];
}

/** Throws the answer's text where it is none of success. */
export async function mustExecute(node: ClusterNode, sql: string): Promise<void> {
  const { status, text } = await node.post("/execute", { sql });
  if (status !== 200) throw new Error(`${sql}: ${text}`);
}
