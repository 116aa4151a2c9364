import type { Flavour } from "@understudy/protocol";
import { rowsOf, type SqlTarget } from "./sql.ts";

/** The global variable that holds all that a database server has written into its binlog. */
export const POSITION_VARIABLES: Readonly<Record<Flavour, string>> = {
  mysql: "gtid_executed",
  mariadb: "gtid_binlog_pos",
};

/** Where a node's database server is, by its own word, without white space. */
export async function serverPosition(flavour: Flavour, node: SqlTarget): Promise<string> {
  const [row] = await rowsOf(node, `SELECT @@GLOBAL.${POSITION_VARIABLES[flavour]} AS position`);
  return String(row?.["position"]).replaceAll(/\s/g, "");
}
