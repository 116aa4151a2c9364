import type { RowDataPacket } from "mysql2/promise";
import { expect } from "vitest";
import { systemClock } from "@understudy/kernel";
import type { Flavour, Job } from "@understudy/protocol";
import { sql, type Cluster, type ClusterNode } from "../src/index.ts";

/** Of one wait for a condition; a machine that is busy with other things may need it. */
export const PATIENCE_MS = 60_000;
const POLL_MS = 20;

/** The latest job of a node; null where it has had none since it was started. */
async function latestJob(node: ClusterNode): Promise<Job | null> {
  const { body } = await node.get("/jobs");
  const [latest] = (body["jobs"] ?? []) as readonly Job[];
  return latest ?? null;
}

/** Resolves when rows of a copy go into the node's server, with the job that does it. */
export async function untilRestoring(node: ClusterNode): Promise<Job> {
  return untilJob(node, ({ state, steps }) =>
    state === "running" ? (steps.at(-1)?.detail.startsWith("restoring") ?? false) : false,
  );
}

/** Resolves with the latest job of a node when it is as wanted. Throws with what it is after {@link PATIENCE_MS}. */
export async function untilJob(node: ClusterNode, isWanted: (job: Job) => boolean): Promise<Job> {
  const deadline = systemClock.monotonicMs() + PATIENCE_MS;
  for (;;) {
    const job = await latestJob(node);
    if (job && isWanted(job)) return job;
    if (systemClock.monotonicMs() > deadline) throw new Error(`the latest job is ${JSON.stringify(job)}`);
    await systemClock.sleep(POLL_MS);
  }
}

/**
 * Makes a server forget its binlog but for the last file, with a write on the way. A MariaDB keeps a file until its engine has reported
 * the commits in it as checkpointed, and each server one that is still read: so it is asked again and again.
 */
export async function purgeBinlog(node: ClusterNode, flavour: Flavour): Promise<void> {
  await using connection = await sql(node);
  const files = async (): Promise<string[]> => {
    const [rows] = await connection.query<RowDataPacket[]>("SHOW BINARY LOGS");
    return rows.map((row) => String(row["Log_name"]));
  };
  await connection.query("CREATE DATABASE IF NOT EXISTS purges");
  await connection.query("CREATE TABLE IF NOT EXISTS purges.round (n INT PRIMARY KEY)");
  await connection.query("FLUSH BINARY LOGS");
  const wanted = (await files()).at(-1) ?? "";
  const deadline = systemClock.monotonicMs() + PATIENCE_MS;
  for (let round = 0; (await files())[0] !== wanted; round++) {
    if (systemClock.monotonicMs() > deadline)
      throw new Error(`the ${flavour} server does not purge its binlog`);
    if (round % 10 === 0) await connection.query("REPLACE INTO purges.round VALUES (1)");
    await connection.query(`PURGE BINARY LOGS TO '${wanted}'`);
    await systemClock.sleep(POLL_MS);
  }
}

/** Stops a master's node in order and starts it again; resolves when it leads. */
export async function restart(master: ClusterNode): Promise<void> {
  await master.stop();
  await master.start();
  await expect
    .poll(async () => (await master.get("/health/master")).status, { timeout: PATIENCE_MS })
    .toBe(200);
}

/** Has `master` commit what no slave gets, is killed, and names its successor. Resolves with what `writes` gives. */
export async function loseWrites<T>(
  cluster: Cluster,
  { master, successor }: { readonly master: ClusterNode; readonly successor: ClusterNode },
  writes: () => Promise<T>,
): Promise<T> {
  for (const { nodeId } of cluster.others(master)) {
    expect((await master.post(`/cluster/nodes/${nodeId}/pause`, {})).status).toBe(200);
  }
  const written = await writes();
  await master.killHard();
  const forced = await successor.post("/cluster/failover", { acceptLoss: true });
  expect(forced, forced.text).toMatchObject({ status: 200, body: { leader: successor.nodeId } });
  return written;
}

/** Rows that no compression makes small: a copy of them takes its time. */
export async function pileUp(node: ClusterNode, megabytes: number): Promise<void> {
  await using connection = await sql(node);
  await connection.query("CREATE TABLE shop.pile (id INT AUTO_INCREMENT PRIMARY KEY, bytes MEDIUMBLOB)");
  for (let at = 0; at < megabytes; at++) {
    const column = Array.from({ length: 1024 }, () => "RANDOM_BYTES(1024)").join(",");
    await connection.query(`INSERT INTO shop.pile (bytes) VALUES (CONCAT(${column}))`);
  }
}

/** Expects that reads are refused since the node has no whole data: never an answer from half a copy. */
export async function expectNotServing(node: ClusterNode): Promise<string> {
  const reads = [
    await node.post("/query", {
      sql: "SELECT COUNT(*) FROM information_schema.tables",
      consistency: "local",
    }),
    await node.post("/select", { database: "shop", table: "item", where: { id: 1 } }),
  ];
  for (const answer of reads) {
    expect(answer, answer.text).toMatchObject({ status: 503, body: { code: "starting" } });
  }
  for (const path of ["/health/ready", "/health/slave", "/health/master"]) {
    expect((await node.get(path)).status, path).toBe(503);
  }
  return reads.map(({ body }) => String(body["detail"])).join("\n");
}
