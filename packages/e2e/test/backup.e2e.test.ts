// Backups over HTTP, under load, and what `restore` makes of them: a new cluster that never mixes with the old one, or a node that goes on in
// the old one from where the backup ends. What is torn, changed, too new or of the other flavour is refused before anything is touched.
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestServer, testFlavours } from "@understudy/database-server";
import type { Job, Member } from "@understudy/protocol";
import { request } from "undici";
import {
  checksumsOf,
  expectAllEqual,
  rowsOf,
  sql,
  startCluster,
  startLedgerWorkload,
  type Answer,
  type Cluster,
  type ClusterNode,
} from "../src/index.ts";
import { waitForPosition } from "../src/wait-for-position.ts";
import { openNewcomer, type Newcomer } from "./newcomer.ts";
import { PATIENCE_MS, pileUp, untilJob } from "./rejoin-steps.ts";
import { runRestore } from "./restore-program.ts";
import { serverObjects } from "./server-objects.ts";
import { addItem, openShop } from "./shop.ts";

const STEP_MS = 180_000;
/** More than all buffers between a node and who reads its backup hold. */
const PILE_MEGABYTES = 16;
const WRITES = 20;

const membersOf = (answer: Answer): readonly Member[] => (answer.body["members"] ?? []) as readonly Member[];

for (const flavour of testFlavours()) {
  describe(`backups on ${flavour}`, () => {
    let cluster: Cluster;
    let slave: ClusterNode;
    let folder: string;
    let file: string;
    let items = 10;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "understudy-backup-"));
      file = join(folder, "whole.understudy");
      cluster = await startCluster({ flavour, slaves: 1 });
      slave = cluster.firstSlave;
      await openShop(cluster.master);
      await pileUp(cluster.master, PILE_MEGABYTES);
      await cluster.waitForSync(PATIENCE_MS);
    }, STEP_MS);

    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });

    async function sell(node: ClusterNode): Promise<Answer> {
      const answer = await addItem(node, ++items);
      expect(answer.status, answer.text).toBe(201);
      return answer;
    }

    const jobsOf = async (node: ClusterNode): Promise<readonly Job[]> =>
      (await node.get("/jobs")).body["jobs"] as readonly Job[];

    async function restoreInto(newcomer: Newcomer, ...args: readonly string[]): Promise<void> {
      const rejoins = args.includes("--rejoin");
      const master = rejoins ? { UNDERSTUDY_MASTER_URL: cluster.master.url } : {};
      const environment = { ...newcomer.environment, ...master };
      const ended = await runRestore(args, { app: rejoins ? "slave" : "master", environment, input: file });
      expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: "" });
      expect(ended.stderr).toMatch(/The backup is restored/);
    }

    it(
      "are taken from a slave under load, one at a time, and end where their reader goes",
      async () => {
        await using workload = await startLedgerWorkload(cluster.master, [cluster.master, slave]);
        await workload.confirms(WRITES, PATIENCE_MS);
        const { statusCode, headers, body } = await request(`${slave.url}/backup`);
        expect(statusCode).toBe(200);
        expect(headers["content-type"]).toBe("application/vnd.understudy.backup");
        expect(headers["content-disposition"]).toMatch(
          /^attachment; filename="[\w.-]+-node2-\d{8}T\d{6}Z\.understudy"$/,
        );
        expect((await slave.get("/backup")).body).toMatchObject({ code: "overloaded" });
        const [running] = await jobsOf(slave);
        expect(running).toMatchObject({ kind: "backup", state: "running" });
        // nobody reads on: what is on the way stands, and writes go on
        await workload.confirms(WRITES, PATIENCE_MS);
        body.destroy();
        expect(await untilJob(slave, ({ state }) => state !== "running")).toMatchObject({
          id: running?.id,
          state: "failed",
        });

        const whole = await request(`${slave.url}/backup`);
        await pipeline(whole.body, createWriteStream(file));
        const done = await untilJob(slave, ({ id, state }) => id !== running?.id && state !== "running");
        expect(done).toMatchObject({ kind: "backup", state: "done", error: null });
        expect(done.steps[0]?.detail).toMatch(/^done: \d+ of about \d+ bytes, \d+ of \d+ tables$/);
        await workload.confirms(WRITES, PATIENCE_MS);
        await workload.stop();
        const verified = await runRestore(["--verify", file]);
        expect(verified, verified.stderr).toMatchObject({ code: 0 });
        expect(verified.stdout).toMatch(/^whole +yes$/m);
        expect(verified.stdout).toMatch(/^node +node2$/m);
        expect(verified.stdout).toMatch(new RegExp(`^server +${flavour} `, "m"));
      },
      STEP_MS,
    );

    it(
      "are refused where they are torn, changed, too new, of the other flavour, or would replace something",
      async () => {
        const bytes = await readFile(file);
        await using target = await openNewcomer(flavour);
        const refuses = async (
          args: readonly string[],
          words: RegExp,
          environment: Readonly<Record<string, string>> = target.environment,
        ): Promise<void> => {
          const ended = await runRestore(args, { environment });
          expect(ended, ended.stderr).toMatchObject({ code: 1, stdout: "" });
          expect(ended.stderr).toMatch(words);
        };
        const odd = join(folder, "odd.understudy");
        const changed = Buffer.from(bytes);
        const middle = Math.floor(bytes.length / 2);
        changed.writeUInt8(changed.readUInt8(middle) ^ 1, middle);
        for (const [damaged, words] of [
          [bytes.subarray(0, -1), /not whole: it ends too early\. Use another backup/],
          [changed, /not whole: .*\. Use another backup/],
          [
            Buffer.from(bytes.toString("latin1").replace('"format":1', '"format":2'), "latin1"),
            /format 2.*format 1: upgrade this node/,
          ],
        ] as const) {
          await writeFile(odd, damaged);
          await refuses(["--file", odd], words);
        }
        await using connection = await sql({ nodeId: "node4", database: target.database });
        await refuses(["--file", file], /somebody is logged in .*Stop the node/);
        await connection.query("CREATE DATABASE mine");
        await connection[Symbol.asyncDispose]();
        await refuses(["--file", file], /not empty: mine.*--replace-all-data/);
        expect(
          await rowsOf({ nodeId: "node4", database: target.database }, "SHOW DATABASES LIKE 'mine'"),
        ).toHaveLength(1);
        for (const other of testFlavours().filter((one) => one !== flavour)) {
          await using server = await openTestServer(other);
          await refuses(["--file", file], new RegExp(`only go into a ${flavour} server`), {
            ...target.environment,
            UNDERSTUDY_DATABASE_URL: server.url,
          });
        }
      },
      STEP_MS,
    );

    it(
      "bring a node back into the cluster, which goes on from the backup's position",
      async () => {
        await using newcomer = await openNewcomer(flavour);
        const own = { nodeId: "node4", database: newcomer.database };
        await restoreInto(newcomer, "--file", file, "--rejoin");
        const there = await wholeWrites(own);
        expect(there).toBeGreaterThanOrEqual(WRITES);
        expect(there).toBeLessThan(await wholeWrites(cluster.master));
        const kept = join(String(newcomer.environment["UNDERSTUDY_DATA_DIR"]), "owes-history");
        expect((await stat(kept)).isFile()).toBe(true);
        // started as a master it does not lead either
        let node = await newcomer.start({}, "master");
        await expect
          .poll(async () => (await node.get("/ping")).body["role"], { timeout: PATIENCE_MS })
          .toBe("slave");
        node = await newcomer.start({ UNDERSTUDY_MASTER_URL: cluster.master.url });
        await expect
          .poll(async () => (await node.get("/health/slave")).status, { timeout: PATIENCE_MS })
          .toBe(200);
        await sell(node);
        await waitForPosition(flavour, { from: cluster.master, on: [own], timeoutMs: PATIENCE_MS });
        // by deliveries alone
        expect(await jobsOf(node)).toEqual([]);
        expect(await checksumsOf(own)).toEqual(await checksumsOf(cluster.master));
        expect(await serverObjects(own)).toEqual(await serverObjects(cluster.master));
        await expect
          .poll(
            async () =>
              stat(kept).then(
                () => true,
                () => false,
              ),
            { timeout: PATIENCE_MS },
          )
          .toBe(false);
        await newcomer.stop();
        expect((await cluster.master.delete("/cluster/nodes/node4")).status).toBe(200);
      },
      STEP_MS,
    );

    it(
      "begin a new cluster, which serves reads and writes and never mixes with the old one",
      async () => {
        const lost = await sell(cluster.master);
        await using first = await openNewcomer(flavour, "node1", 101);
        await using second = await openNewcomer(flavour, "node2", 102);
        const one = { nodeId: "node1", database: first.database };
        const two = { nodeId: "node2", database: second.database };
        await restoreInto(first, "--file", "-");
        const restored = await checksumsOf(one);
        const before = (await cluster.master.get("/cluster")).body;
        const master = await first.start({}, "master");
        await expect
          .poll(async () => (await master.get("/health/master")).status, { timeout: PATIENCE_MS })
          .toBe(200);
        const view = await master.get("/cluster");
        expect(membersOf(view).map(({ nodeId }) => nodeId)).toEqual(["node1"]);
        expect(view.body["clusterId"]).not.toBe(before["clusterId"]);
        expect(Number(view.body["epoch"])).toBeGreaterThan(Number(before["epoch"]) + 1000);
        expect(await checksumsOf(one)).toEqual(restored);
        // what the old cluster wrote after the backup is no part of this history, though its numbers may be used again here
        await sell(master);
        const after = await master.post("/query", { sql: "SELECT 1", after: lost.body["position"] });
        expect(after, after.text).toMatchObject({ status: 409, body: { code: "history-lost" } });

        const follower = await second.start({ UNDERSTUDY_MASTER_URL: master.url });
        await untilJob(follower, ({ state }) => state === "done");
        await sell(follower);
        await waitForPosition(flavour, { from: one, on: [two], timeoutMs: PATIENCE_MS });
        expect(await checksumsOf(two)).toEqual(await checksumsOf(one));
        expect(await serverObjects(two)).toEqual(await serverObjects(cluster.master));
        expect(await rowsOf(two, "SELECT shop.twice(21) AS n")).toEqual([{ n: 42 }]);

        // a node of the old cluster that comes by is sent away as it is
        await slave.stop();
        const strayed = await second.start({ UNDERSTUDY_MASTER_URL: cluster.master.url });
        await expect
          .poll(async () => (await strayed.get("/cluster")).text, { timeout: PATIENCE_MS })
          .toContain("belongs to the cluster");
        expect(await jobsOf(strayed)).toEqual([]);
        await slave.start();
        await cluster.waitUntilReplicating(PATIENCE_MS);
        expect((await cluster.master.get("/cluster")).body["epoch"]).toBe(before["epoch"]);
        await expectAllEqual(cluster);
      },
      STEP_MS,
    );
  });
}

/** How many writes of the load are there; each has put a row and raised a counter, so that half of one shows. */
async function wholeWrites(target: Parameters<typeof rowsOf>[0]): Promise<number> {
  const [row] = await rowsOf(
    target,
    "SELECT n, (SELECT COUNT(*) FROM ledger.entries) AS entries FROM ledger.counter",
  );
  expect(Number(row?.["n"])).toBe(Number(row?.["entries"]));
  return Number(row?.["n"]);
}
