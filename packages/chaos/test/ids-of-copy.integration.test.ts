import { expect, it } from "vitest";
import { openTestServer, testFlavours } from "@understudy/database-server";
import { sql } from "@understudy/e2e";
import { openSnapshot } from "@understudy/snapshot";
import { idsOfCopy } from "../src/ids-of-copy.ts";

it.each(testFlavours())(
  "reads the writes in a copy of a %s server from a server of its own",
  async (flavour) => {
    await using server = await openTestServer(flavour);
    {
      await using connection = await sql({ nodeId: "node1", database: server });
      await connection.query("CREATE DATABASE chaos");
      await connection.query(
        "CREATE TABLE chaos.entries (seq BIGINT AUTO_INCREMENT PRIMARY KEY, id VARCHAR(60))",
      );
      await connection.query("INSERT INTO chaos.entries (id) VALUES ('r1-home0-1'), ('r1-home0-2')");
    }
    const signal = AbortSignal.timeout(120_000);
    const { host, port, user, password } = server;
    const endpoint = { host, port, user, password };
    await using copy = await openSnapshot({ flavour, endpoint, nodeAccounts: [], isStill: true, signal });
    const ids = await idsOfCopy({ flavour, body: copy.body, signal });
    expect(ids.toSorted()).toEqual(["r1-home0-1", "r1-home0-2"]);
  },
);
