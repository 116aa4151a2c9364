import type { Sandbox } from "./sandbox.ts";

/** The one line that `--json` prints: who is where. It holds the database servers' passwords. */
export function readyEvent(sandbox: Pick<Sandbox, "nodes" | "etcd">): string {
  return JSON.stringify({
    event: "ready",
    nodes: sandbox.nodes.map(({ nodeId, role, url, process, database }) => ({
      nodeId,
      role,
      url,
      pid: process.pid,
      databasePid: database.pid,
      databaseUrl: database.url,
    })),
    etcd: sandbox.etcd.map(({ name, url, pid }) => ({ name, url, pid })),
  });
}
