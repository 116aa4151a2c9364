// A node whose data come from a backup may lack writes that it has acked, and that nobody else has but a master that is lost. No election may
// count it as one that has them.
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { request } from "undici";
import { expectAllEqual, rowsOf, startCluster } from "../src/index.ts";
import { PATIENCE_MS } from "./rejoin-steps.ts";
import { runRestore } from "./restore-program.ts";

const STEP_MS = 180_000;

for (const flavour of testFlavours()) {
  describe(`a node that comes back from a backup on ${flavour}`, () => {
    it(
      "does not lead without the write that it had confirmed, and counts again when it has caught up",
      async () => {
        await using stack = new AsyncDisposableStack();
        const folder = await mkdtemp(join(tmpdir(), "understudy-backup-"));
        stack.defer(() => rm(folder, { recursive: true, force: true }));
        const cluster = stack.use(await startCluster({ flavour, slaves: 1, etcd: 1 }));
        const { master, firstSlave: slave } = cluster;
        const write = async (sql: string): Promise<void> => {
          const answer = await master.post("/execute", { sql, ackTimeoutMs: PATIENCE_MS });
          expect(answer.status, answer.text).toBe(200);
        };
        await write("CREATE DATABASE d");
        await write("CREATE TABLE d.t (id INT PRIMARY KEY)");
        const file = join(folder, "early.understudy");
        await pipeline((await request(`${slave.url}/backup`)).body, createWriteStream(file));
        // both have it, and that is what confirms it
        await write("INSERT INTO d.t VALUES (1)");
        await Promise.all([master.killHard(), slave.killHard()]);

        const environment = {
          UNDERSTUDY_DATABASE_URL: slave.database.url,
          UNDERSTUDY_DATA_DIR: join(dirname(slave.logFile), "node"),
          UNDERSTUDY_MASTER_URL: master.url,
        };
        const restored = await runRestore(["--file", file, "--rejoin", "--replace-all-data"], {
          app: "slave",
          environment,
        });
        expect(restored, restored.stderr).toMatchObject({ code: 0 });
        expect(await rowsOf(slave, "SELECT id FROM d.t")).toEqual([]);
        await slave.start();
        const plan = async (): Promise<unknown> => (await slave.get("/cluster/plan")).body;
        await expect
          .poll(plan, { timeout: PATIENCE_MS })
          .toMatchObject({ leader: null, winner: null, blocked: [expect.any(String), expect.any(String)] });

        await master.start();
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(master.nodeId);
        await cluster.waitForSync(PATIENCE_MS);
        expect(await rowsOf(slave, "SELECT id FROM d.t")).toEqual([{ id: 1 }]);
        await expectAllEqual(cluster);
        // now it counts: it could take over
        const planned = async (): Promise<unknown> => (await slave.get("/cluster/plan")).body["winner"];
        await expect.poll(planned, { timeout: PATIENCE_MS }).toBe(slave.nodeId);
      },
      STEP_MS,
    );
  });
}
