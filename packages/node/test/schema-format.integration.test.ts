// The schema `understudy` of a newer release, on real servers: this one leaves it alone.
import { openTestServer, testFlavours } from "@understudy/database-server";
import { silentLogger, systemClock } from "@understudy/kernel";
import { openSqlExecutor, parseDatabaseUrl, type SqlExecutor } from "@understudy/sql-executor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askEpochStart } from "../src/cluster/epoch-store.ts";
import { SCHEMA_FORMAT } from "../src/cluster/cluster-schema.ts";
import { ClusterStore, type ClusterRecord } from "../src/cluster/cluster-store.ts";

const SELF = { nodeId: "node1", url: "http://127.0.0.1:8083", serverVersion: "", version: "" };

for (const flavour of testFlavours()) {
  describe(`the format of the schema understudy on ${flavour}`, () => {
    const stack = new AsyncDisposableStack();
    let executor: SqlExecutor;
    let store: ClusterStore;

    beforeAll(async () => {
      const server = stack.use(await openTestServer(flavour));
      const endpoint = parseDatabaseUrl(server.url);
      executor = stack.use(await openSqlExecutor({ endpoint, clock: systemClock, logger: silentLogger }));
      store = new ClusterStore(executor);
    });

    afterAll(() => stack.disposeAsync());

    const run = (sql: string): Promise<unknown> => executor.withAdmin((session) => session.run(sql));
    const lead = async (): Promise<ClusterRecord> =>
      (await store.lead(SELF, { clusterId: undefined, epoch: null }, await store.readBasis(undefined)))
        .record;
    const positionNow = async (): Promise<string> =>
      (await executor.withAdmin((session) => askEpochStart(session, flavour))).startGtid;
    const formatNow = async (): Promise<number[]> => {
      const rows = await executor.withAdmin((session) =>
        session.rows("SELECT format FROM understudy.format"),
      );
      return rows.map((row) => Number(row["format"]));
    };

    it("is written by the first master, and by one that finds the schema of an older release", async () => {
      expect(await store.read()).toBeNull();
      const { clusterId } = await lead();
      expect(await formatNow()).toEqual([SCHEMA_FORMAT]);
      const position = await positionNow();
      await lead();
      expect(await positionNow()).toBe(position);
      await run("DROP TABLE understudy.format");
      expect(await store.read()).toMatchObject({ clusterId, leader: "node1" });
      await lead();
      expect(await formatNow()).toEqual([SCHEMA_FORMAT]);
    });

    it("is refused where it is newer, and nothing is written then", async () => {
      await lead();
      await run(`UPDATE understudy.format SET format = ${SCHEMA_FORMAT + 1}`);
      const position = await positionNow();
      const refusal = {
        code: "version-mismatch",
        message: expect.stringMatching(new RegExp(`format ${SCHEMA_FORMAT + 1}.*upgrade this node`)),
      };
      await expect(store.read()).rejects.toMatchObject(refusal);
      await expect(lead()).rejects.toMatchObject(refusal);
      expect(await positionNow()).toBe(position);
      expect(await formatNow()).toEqual([SCHEMA_FORMAT + 1]);
    });
  });
}
