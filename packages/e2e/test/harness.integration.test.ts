// The harness must be able to fail: two servers that nobody replicates between.
import { describe, expect, it } from "vitest";
import { openTestServer, testFlavours } from "@understudy/database-server";
import { checksumsOf } from "../src/checksums.ts";
import { sql, type SqlTarget } from "../src/sql.ts";
import { waitForPosition } from "../src/wait-for-position.ts";

const SETUP = ["CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)"];

async function run(target: SqlTarget, statements: readonly string[]): Promise<void> {
  await using connection = await sql(target);
  for (const statement of statements) await connection.query(statement);
}

/** The same statements under the given sequence numbers of one history, as a replica would have them. */
async function runAsHistory(target: SqlTarget, uuid: string | null, from: number): Promise<void> {
  const withGtids = SETUP.slice(from - 1).flatMap((statement, index) => [
    uuid ? `SET GTID_NEXT='${uuid}:${from + index}'` : `SET SESSION gtid_seq_no=${from + index}`,
    statement,
  ]);
  await run(target, withGtids);
}

for (const flavour of testFlavours()) {
  describe(`the harness on ${flavour}`, () => {
    it("tells who is where when servers are not in sync, passes once they are, and sees a differing row", async () => {
      await using masterServer = await openTestServer(flavour, { serverId: 1 });
      await using slaveServer = await openTestServer(flavour, { serverId: 2 });
      const from = { nodeId: "node1", database: masterServer };
      const slave = { nodeId: "node2", database: slaveServer };
      await run(from, [flavour === "mysql" ? "RESET BINARY LOGS AND GTIDS" : "RESET MASTER"]);
      await run(slave, [flavour === "mysql" ? "RESET BINARY LOGS AND GTIDS" : "RESET MASTER"]);
      const uuid = flavour === "mysql" ? "0a0b0c0d-0000-11ee-8000-000000000001" : null;
      await runAsHistory(from, uuid, 1);

      const wait = { from, on: [slave], timeoutMs: 300 };
      await expect(waitForPosition(flavour, wait)).rejects.toThrow(
        uuid
          ? `not in sync within 0.3 s: node1 was at "${uuid}:1-3", node2 is at ""`
          : 'not in sync within 0.3 s: node1 was at "0-1-3", node2 is at ""',
      );
      await runAsHistory(slave, uuid, 1);
      await waitForPosition(flavour, wait);

      expect(await checksumsOf(slave)).toEqual(await checksumsOf(from));
      expect(Object.keys(await checksumsOf(from))).toEqual(["d.t"]);
      await run(slave, ["UPDATE d.t SET id = 2"]);
      expect(await checksumsOf(slave)).not.toEqual(await checksumsOf(from));

      await slaveServer.killHard();
      await expect(waitForPosition(flavour, wait)).rejects.toThrow(/node2 can't be asked \(.*ECONNREFUSED/);
    });
  });
}
