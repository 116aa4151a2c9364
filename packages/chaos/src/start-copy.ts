import { randomBytes } from "node:crypto";
import type { ClusterNode } from "@understudy/e2e";
import { systemClock } from "@understudy/kernel";
import type { FaultSite } from "./fault.ts";
import { mustExecute } from "./set-tables.ts";

const ROWS = 64;
const ROW_BYTES = 1024 * 1024;
const POLL_MS = 20;
const WAIT_MS = 15_000;
/** A copy of so much data takes about a second or two. */
const SPREAD_MS = 900;

/** Makes the data so large that a copy of it takes a while. Does nothing where it is. */
export async function fillUp(master: ClusterNode): Promise<void> {
  await mustExecute(
    master,
    "CREATE TABLE IF NOT EXISTS chaos.ballast (id INT PRIMARY KEY, bytes LONGTEXT NOT NULL)",
  );
  for (let id = 0; id < ROWS; id++) {
    const params = [id, randomBytes((ROW_BYTES / 4) * 3).toString("base64")];
    const { status, text } = await master.post("/execute", {
      sql: "INSERT IGNORE INTO chaos.ballast (id, bytes) SELECT ?, ? FROM DUAL",
      params,
    });
    if (status !== 200) throw new Error(`the ballast: ${text}`);
  }
}

/** Has `joiner` take a fresh copy of the data, and resolves somewhere in the midst of that. */
export async function startCopy(site: FaultSite, joiner: ClusterNode): Promise<void> {
  const { leader, random, signal, tell } = site;
  const { nodeId } = joiner;
  const { status, text } = await leader.post(`/cluster/nodes/${nodeId}/rebuild`, {});
  if (status >= 300) throw new Error(`the rebuild of ${nodeId}: ${status} ${text}`);
  const deadlineMs = systemClock.monotonicMs() + WAIT_MS;
  while (!(await isCopying(joiner))) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`${nodeId} did not begin to take a copy`);
    await systemClock.sleep(POLL_MS, signal);
  }
  await systemClock.sleep(random() * SPREAD_MS, signal);
  tell(
    `${nodeId} ${(await isCopying(joiner)) ? "takes" : "has taken"} a fresh copy of the data from ${leader.nodeId}`,
  );
}

/** A node has no role meanwhile. */
async function isCopying(node: ClusterNode): Promise<boolean> {
  const { status, text } = await node.get("/health/slave");
  return status === 503 && text.includes("fresh copy");
}
