// What keeps a fast but wrong replica from being reported as fast.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import { differencesOf } from "../src/checksums.ts";
import { SqlSession } from "../src/sql-session.ts";
import { createTables, MixedLane, TABLES } from "../src/workload.ts";

const [flavour] = testFlavours().toReversed();

describe(`differencesOf on ${flavour}`, () => {
  const stack = new AsyncDisposableStack();
  let source: DatabaseServer;
  let replica: { name: string; database: DatabaseServer };
  let sourceSession: SqlSession;
  let replicaSession: SqlSession;

  beforeAll(async () => {
    if (!flavour) throw new Error("no flavour is tested");
    source = stack.use(await openTestServer(flavour));
    replica = { name: "ours", database: stack.use(await openTestServer(flavour, { serverId: 2 })) };
    sourceSession = stack.use(await SqlSession.open(source));
    replicaSession = stack.use(await SqlSession.open(replica.database));
    for (const session of [sourceSession, replicaSession]) {
      await createTables(session);
      const lane = new MixedLane(1);
      await session.run("SET timestamp = 1700000000");
      for (let n = 0; n < 200; n++) await session.run(lane.next());
    }
  });

  afterAll(async () => {
    await stack.disposeAsync();
  });

  it("finds nothing where the rows are the same", async () => {
    expect(await differencesOf({ source }, [replica])).toEqual([]);
  });

  it("names the table of a lost row", async () => {
    await sourceSession.run(`INSERT INTO ${TABLES.probes} VALUES (1)`);
    expect(await differencesOf({ source }, [replica])).toEqual([
      expect.stringMatching(/^ours has lost or doubled rows: bench\.probes has 0 rows .* 1 rows /),
    ]);
    await replicaSession.run(`INSERT INTO ${TABLES.probes} VALUES (1)`);
    expect(await differencesOf({ source }, [replica])).toEqual([]);
  });

  it("names the table of a changed row, though the number of rows is the same", async () => {
    await replicaSession.run(`UPDATE ${TABLES.accounts} SET balance = balance + 1 LIMIT 1`);
    expect(await differencesOf({ source }, [replica])).toEqual([expect.stringContaining(TABLES.accounts)]);
  });
});
