// One statement of hundreds of megabytes goes through the whole cluster, and no node holds it in memory.
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { BackgroundLoop, systemClock, toError } from "@understudy/kernel";
import { expectAllEqual, rowsOf, sql, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";

const MIB = 1024 * 1024;
/** Peak resident memory of each node's process while the transaction passes. */
const NODE_MEMORY_MAX_MIB = 400;
const ROWS = 2 ** 18;
const SAMPLE_MS = 50;
const SYNC_TIMEOUT_MS = 120_000;

/** Highest resident memory of each node's process, in MiB, as seen since it was opened. */
class MemoryWatch implements AsyncDisposable {
  readonly peaks: Record<string, number> = {};
  readonly #loop: BackgroundLoop;
  #failure: Error | null = null;

  constructor(nodes: readonly ClusterNode[]) {
    this.#loop = new BackgroundLoop(
      async (signal) => {
        for (; !signal.aborted; await systemClock.sleep(SAMPLE_MS, signal)) {
          for (const node of nodes) {
            this.peaks[node.nodeId] = Math.max(this.peaks[node.nodeId] ?? 0, await residentMib(node));
          }
        }
      },
      (error) => (this.#failure ??= toError(error)),
    );
  }

  /** Ends the watch; throws where a node's memory could not be read. */
  async stop(): Promise<Readonly<Record<string, number>>> {
    await this[Symbol.asyncDispose]();
    if (this.#failure !== null) throw this.#failure;
    return this.peaks;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop[Symbol.asyncDispose]();
  }
}

async function residentMib({ pid, nodeId }: ClusterNode): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`${nodeId} (process ${pid}) tells no resident memory`);
  return Number(kib) / 1024;
}

/** Bytes that the master's server has written to its binlogs. */
async function binlogBytes(node: ClusterNode): Promise<number> {
  const logs = await rowsOf(node, "SHOW BINARY LOGS");
  return logs.reduce((sum, log) => sum + Number(log["File_size"]), 0);
}

// resident memory is read from /proc, which only Linux has
describe.runIf(process.platform === "linux")("one statement of hundreds of megabytes", () => {
  for (const flavour of testFlavours()) {
    describe(`on ${flavour}`, () => {
      let cluster: Cluster;

      beforeAll(async () => {
        cluster = await startCluster({ flavour, slaves: 2, logLevel: "info" });
        await using connection = await sql(cluster.master);
        await connection.query("CREATE DATABASE big");
        await connection.query(
          "CREATE TABLE big.wide (id INT PRIMARY KEY AUTO_INCREMENT, n INT, filling VARCHAR(1000))",
        );
        await connection.query("INSERT INTO big.wide (n, filling) VALUES (1, REPEAT('a', 600))");
      });

      afterAll(async () => {
        await cluster[Symbol.asyncDispose]();
      });

      it(
        `reaches both slaves while each node stays below ${NODE_MEMORY_MAX_MIB} MiB`,
        { timeout: 180_000 },
        async () => {
          await using watch = new MemoryWatch(cluster.nodes);
          await using connection = await sql(cluster.master);
          for (let rows = 1; rows < ROWS; rows *= 2) {
            await connection.query("INSERT INTO big.wide (n, filling) SELECT n + 1, filling FROM big.wide");
          }
          const before = await binlogBytes(cluster.master);
          await connection.query("UPDATE big.wide SET n = n + 1, filling = CONCAT(SUBSTR(filling, 2), 'b')");
          const written = (await binlogBytes(cluster.master)) - before;
          expect(written / MIB).toBeGreaterThan(300);

          await cluster.waitForSync(SYNC_TIMEOUT_MS);
          const peaks = await watch.stop();
          process.stderr.write(
            `${flavour}: ${Math.round(written / MIB)} MiB of row images; peaks in MiB: ${JSON.stringify(peaks)}\n`,
          );
          for (const { nodeId } of cluster.nodes) {
            expect(peaks[nodeId], nodeId).toBeGreaterThan(10);
            expect(peaks[nodeId], nodeId).toBeLessThan(NODE_MEMORY_MAX_MIB);
          }
          await expectAllEqual(cluster);
        },
      );

      it("leaves the cluster ready for the next write", async () => {
        const { status } = await cluster.master.post("/execute", {
          sql: "INSERT INTO big.wide (n, filling) VALUES (0, 'small')",
        });
        expect(status).toBe(200);
        await expectAllEqual(cluster);
        await cluster.waitUntilReplicating();
      });
    });
  }
});
