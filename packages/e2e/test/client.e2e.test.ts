// The client library against real nodes.
import { expect, it } from "vitest";
import { connect } from "@understudy/client";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, startCluster } from "../src/index.ts";

for (const flavour of testFlavours()) {
  it(`finds the master through the slaves, and reads on while any node answers (${flavour})`, async () => {
    await using cluster = await startCluster({ flavour, slaves: 2 });
    const { master, nodes, slaves } = cluster;
    await using client = await connect({ nodes: slaves.map(({ url }) => url) });
    expect(client.leaderUrl).toBe(master.url);
    await client.createDatabase({ name: "shop" });
    await client.createTable({ database: "shop", table: "t", columns: "id INT PRIMARY KEY, b BIGINT" });
    const written = await client.insert({
      database: "shop",
      table: "t",
      record: { id: 1, b: { $type: "bigint", value: "9007199254740993" } },
    });
    expect(client.lastPosition).toBe(written.position);
    await cluster.waitForSync();

    const rest = slaves[1];
    for (const node of nodes) if (node !== rest) await node.killHard();
    const answer = await client.select({ database: "shop", table: "t" });
    expect(answer).toMatchObject({ node: rest?.nodeId, rows: [{ id: 1, b: "9007199254740993" }] });
    for (const node of nodes) {
      expect(await rowsOf(node, "SELECT CAST(b AS CHAR) AS b FROM shop.t")).toEqual([
        { b: "9007199254740993" },
      ]);
    }
  });
}
