import { join, relative } from "node:path";
import type { Sandbox } from "./sandbox.ts";
import type { SandboxNode } from "./sandbox-node.ts";

/** The part of a sandbox that is shown. */
export type ShownSandbox = Pick<Sandbox, "directory" | "flavour"> & {
  readonly nodes: readonly ShownNode[];
  readonly etcd: readonly { readonly name: string; readonly url: string }[];
};
/** The part of a node that is shown. */
export interface ShownNode extends Pick<SandboxNode, "nodeId" | "role" | "url"> {
  readonly database: { readonly host: string; readonly port: number };
}

const CLIENTS = { mysql: "mysql", mariadb: "mariadb" } as const;

/** What people see when everything replicates: who is where, how to log in, and commands that work pasted as they are. */
export function readyScreen(sandbox: ShownSandbox, workingDirectory: string): string {
  return [
    ...table(sandbox.nodes),
    "",
    takeover(sandbox.etcd),
    "",
    ...logins(sandbox, workingDirectory),
    "",
    "Try it:",
    ...commands(sandbox.nodes),
    "",
    "Ctrl-C stops everything and keeps the data.",
  ].join("\n");
}

function table(nodes: readonly ShownNode[]): string[] {
  const rows = [
    ["node", "role", "HTTP API", "database server"],
    ...nodes.map(({ nodeId, role, url, database }) => [
      nodeId,
      role,
      url,
      `${database.host}:${database.port}`,
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ")}`);
}

/** One sentence: what happens when the master is gone. */
function takeover(etcd: ShownSandbox["etcd"]): string {
  return etcd.length === 0
    ? "Without etcd, no slave takes over by itself when the master is gone."
    : `When the master is gone, a slave takes over: they agree by ${etcd.map(({ name, url }) => `${name} (${url})`).join(", ")}.`;
}

function logins(sandbox: ShownSandbox, workingDirectory: string): string[] {
  const [first] = sandbox.nodes;
  if (!first) return [];
  const file = join(sandbox.directory, first.nodeId, "database", "password");
  const near = relative(workingDirectory, file);
  const password = near.startsWith("..") ? file : near;
  return [
    `Log in to a database server with its own client (here ${first.nodeId}'s, likewise the others'):`,
    `  MYSQL_PWD="$(cat ${quoted(password)})" ${CLIENTS[sandbox.flavour]} -h ${first.database.host} -P ${first.database.port} -u root`,
  ];
}

function commands(nodes: readonly ShownNode[]): string[] {
  const master = nodes.find(({ role }) => role === "master") ?? nodes[0];
  if (!master) return [];
  const slaves = nodes.filter((node) => node !== master);
  const writer = slaves[0] ?? master;
  const reader = slaves[1] ?? slaves[0] ?? master;
  return [
    `  # create a database on the master (${master.nodeId})`,
    `  ${post(master, "createdb", { name: "shop", ifNotExists: true })}`,
    `  # create a table and insert a row ${placeOf(writer, "which forwards it to the master")}`,
    `  ${post(writer, "createtable", { database: "shop", table: "users", columns: "id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255)", ifNotExists: true })} \\`,
    `    && ${post(writer, "insert", { database: "shop", table: "users", record: { name: "Ada" } })}`,
    `  # read it ${placeOf(reader, "which has got it by replication")}`,
    `  curl -s '${reader.url}/select?database=shop&table=users'`,
  ];
}

function placeOf(node: ShownNode, ifSlave: string): string {
  return node.role === "slave" ? `on the slave ${node.nodeId}, ${ifSlave}` : `on the master (${node.nodeId})`;
}

function post(node: ShownNode, path: string, body: unknown): string {
  return `curl -s ${node.url}/${path} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
}

/** Quoted for a shell where it needs to be, within double quotes' `$(…)`. */
function quoted(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
