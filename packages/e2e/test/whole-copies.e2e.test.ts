// A node comes back with transactions of its own that its binlog can't tell: damaged in their midst, or purged. It keeps all that it has in its
// quarantine, and follows again without a person; nothing is touched while there is no room for that.
import { createHash } from "node:crypto";
import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import type { ClusterEvent, Job, QuarantineEntry } from "@understudy/protocol";
import { request } from "undici";
import { expectAllEqual, rowsOf, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";
import { openNewcomer, type Newcomer } from "./newcomer.ts";
import { loseWrites, PATIENCE_MS, pileUp, purgeBinlog, untilJob } from "./rejoin-steps.ts";
import { runRestore } from "./restore-program.ts";
import { addItem, openShop } from "./shop.ts";
import { mountSmallDisk } from "./small-disk.ts";

const STEP_MS = 180_000;
const WIPED_BYTES = 40;

const quarantineOf = (node: ClusterNode): string => join(dirname(node.logFile), "node", "quarantine");

async function copiesAt(node: ClusterNode): Promise<QuarantineEntry[]> {
  const { body, text } = await node.get("/cluster/quarantine");
  expect(body["unreachable"], text).toEqual([]);
  return (body["entries"] as QuarantineEntry[]).filter(({ manifest }) => manifest.kind === "whole-copy");
}

async function itemsOn(node: Pick<ClusterNode, "nodeId" | "database">, from: number): Promise<number[]> {
  const rows = await rowsOf(node, "SELECT id FROM shop.item WHERE id >= ? ORDER BY id", [from]);
  return rows.map((row) => Number(row["id"]));
}

/** Wipes a part of an event before an item's name out of the binlog that the server is writing: it can't read on from there itself. */
async function damageBinlog({ database }: ClusterNode, name: string): Promise<void> {
  const files = (await readdir(database.dataDirectory)).filter((file) => /^binlog\.\d+$/.test(file));
  const path = join(database.dataDirectory, files.toSorted().at(-1) ?? "");
  // the last one is in the row: MariaDB writes the statement's text before it
  const at = (await readFile(path)).lastIndexOf(name);
  if (at < 0) throw new Error(`${name} is not in ${path}`);
  await using file = await open(path, "r+");
  await file.write(Buffer.alloc(WIPED_BYTES), 0, WIPED_BYTES, at - 60);
}

for (const flavour of testFlavours()) {
  describe(`a node whose binlog can't tell its own transactions on ${flavour}`, () => {
    let cluster: Cluster;
    let first: ClusterNode;
    let second: ClusterNode;
    let folder: string;
    /** Into which copies are restored. */
    let scratch: Newcomer;
    const owned = new AsyncDisposableStack();

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "understudy-whole-"));
      owned.defer(() => rm(folder, { recursive: true, force: true }));
      [cluster, scratch] = await Promise.all([startCluster({ flavour, slaves: 1 }), openNewcomer(flavour)]);
      owned.use(cluster);
      owned.use(scratch);
      first = cluster.master;
      second = cluster.firstSlave;
      await openShop(first);
      await pileUp(first, 1);
      await cluster.waitForSync(PATIENCE_MS);
    }, STEP_MS);

    afterAll(async () => {
      await owned[Symbol.asyncDispose]();
    });

    async function addItems(node: ClusterNode, from: number, count: number): Promise<void> {
      for (let id = from; id < from + count; id++) {
        const answer = await addItem(node, id);
        expect(answer.status, answer.text).toBe(201);
      }
    }

    async function expectBack(node: ClusterNode, leader: ClusterNode): Promise<void> {
      await untilJob(node, ({ state }) => state === "done");
      expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(leader.nodeId);
      await expectAllEqual(cluster, leader);
    }

    /** Downloads an entry's file, has it verified and restored into an empty server; resolves with the items from `from` on in it. */
    async function itemsInCopy(
      { manifest }: QuarantineEntry,
      holder: ClusterNode,
      from: number,
    ): Promise<number[]> {
      const { statusCode, headers, body } = await request(
        `${holder.url}/cluster/quarantine/${manifest.id}/raw`,
      );
      expect(statusCode).toBe(200);
      expect(headers["content-type"]).toBe("application/vnd.understudy.backup");
      const bytes = Buffer.from(await body.arrayBuffer());
      expect(bytes).toHaveLength(manifest.bytes);
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(manifest.digest);
      const file = join(folder, `${manifest.id}.understudy`);
      await writeFile(file, bytes);
      const verified = await runRestore(["--verify", file]);
      expect(verified, verified.stderr).toMatchObject({ code: 0 });
      expect(verified.stdout).toMatch(new RegExp(`^node +${holder.nodeId}$`, "m"));
      const { environment, database } = scratch;
      const restored = await runRestore(["--file", file, "--replace-all-data"], { environment });
      expect(restored, restored.stderr).toMatchObject({ code: 0 });
      return itemsOn({ nodeId: "restored", database }, from);
    }

    it(
      "touches nothing while there is no room for a copy, and comes back by itself when there is; all that it had is kept",
      async (context) => {
        await loseWrites(cluster, { master: first, successor: second }, () => addItems(first, 100, 4));
        await damageBinlog(first, "item 102");
        await addItems(second, 500, 9);
        const disk = await mountSmallDisk(quarantineOf(first), "64k");
        if (typeof disk !== "string") owned.use(disk);
        await first.start();
        if (typeof disk === "string") {
          await context.annotate(disk, "notice");
        } else {
          const refusal =
            /no room to keep a copy of its whole data: .*quarantine has \d+ bytes free, and the copy needs up to about \d+\. Make room/;
          const failed = await untilJob(first, ({ state }) => state === "failed");
          expect(failed.error).toMatch(refusal);
          await untilJob(first, ({ state, id }) => state === "failed" && id !== failed.id);
          expect(await itemsOn(first, 100)).toEqual([100, 101, 102, 103]);
          expect((await readdir(quarantineOf(first))).toSorted()).toEqual(["discarded", "incarnation"]);
          const { body } = await first.get("/cluster/events?limit=1000");
          const told = (body["events"] as ClusterEvent[]).filter(({ message }) => refusal.test(message));
          expect(told.map(({ message }) => message)).toHaveLength(1);
          await disk.resize("64m");
        }
        await expectBack(first, second);
        expect(await itemsOn(first, 100)).toEqual([500, 501, 502, 503, 504, 505, 506, 507, 508]);
        const [entry, ...more] = await copiesAt(second);
        if (!entry) throw new Error("nothing is in the quarantine");
        expect(more).toEqual([]);
        expect(entry).toMatchObject({ state: "open", manifest: { node: first.nodeId, flavour } });
        expect(entry.manifest.wholeCopy?.reason).toMatch(/^its binlog cannot be read/);
        expect(entry.manifest.wholeCopy?.errant).toMatch(/\d/);
        expect(await itemsInCopy(entry, first, 100)).toEqual([100, 101, 102, 103]);
      },
      STEP_MS,
    );

    it("tells what such an entry is, applies nothing of it, and lets it be discarded", async () => {
      const [entry] = await copiesAt(second);
      const path = `/cluster/quarantine/${entry?.manifest.id}`;
      expect((await second.get(path)).body).toMatchObject({ transactions: [], next: null });
      const listing = await second.get(`${path}/listing`);
      expect(listing).toMatchObject({
        status: 200,
        text: expect.stringContaining("restore --verify") as string,
      });
      expectProblem(await first.post(`${path}/apply`, {}), "409 quarantine-whole-copy");
      expect((await first.get("/metrics")).text).toMatch(
        /^understudy_quarantine_entries\{[^}]*state="open"[^}]*\} 1$/m,
      );
      const discarded = await second.post(`${path}/discard`, { reason: "test orders" });
      expect(discarded, discarded.text).toMatchObject({ status: 200, body: { state: "discarded" } });
      expectProblem(await first.post(`${path}/apply`, {}), "409 quarantine-closed");
    });

    it(
      "comes back by itself where they were purged, too",
      async () => {
        await loseWrites(cluster, { master: second, successor: first }, async () => {
          await addItems(second, 700, 3);
          await purgeBinlog(second, flavour);
        });
        await second.start();
        await expectBack(second, first);
        const [entry] = await copiesAt(first);
        if (!entry) throw new Error("nothing is in the quarantine");
        expect(entry.manifest).toMatchObject({ node: second.nodeId });
        expect(entry.manifest.wholeCopy?.reason).toMatch(/begins only after/);
        expect(await itemsInCopy(entry, second, 600)).toEqual([700, 701, 702]);
        const jobs = (await second.get("/jobs")).body["jobs"] as Job[];
        expect(jobs[0]?.steps[1]?.detail).toContain(entry.manifest.id);
      },
      STEP_MS,
    );
  });
}
