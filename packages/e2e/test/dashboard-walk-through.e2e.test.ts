// The dashboard at a real terminal and a real cluster, as somebody uses it who has never seen it: everything through its menu.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, startCluster, type Cluster, type ClusterNode, type Terminal } from "../src/index.ts";
import { DashboardBundle } from "./dashboard-bundle.ts";

const ROWS = "SELECT id, name FROM mydb.users ORDER BY id";

for (const flavour of testFlavours()) {
  describe(`the dashboard's menu on ${flavour}`, () => {
    const stack = new AsyncDisposableStack();
    let cluster: Cluster;
    let slave: ClusterNode;
    let atMaster: Terminal;
    let atSlave: Terminal;

    beforeAll(async () => {
      const bundle = stack.use(await DashboardBundle.make());
      cluster = stack.use(await startCluster({ flavour, slaves: 2, etcd: 1 }));
      slave = cluster.firstSlave;
      atMaster = stack.use(await bundle.open(cluster.master.url));
      atSlave = stack.use(await bundle.open(slave.url));
      await atMaster.press("0");
      await atSlave.press("0");
    });

    afterAll(() => stack.disposeAsync());

    /** Chooses an entry, and answers its form field after field. */
    async function choose(entry: string, title: string, ...answers: readonly string[]): Promise<void> {
      await atMaster.press(entry);
      await atMaster.waitFor(new RegExp(title));
      for (const answer of answers) await atMaster.enter(answer);
    }

    it("tells at whose dashboard one sits", async () => {
      await atMaster.waitFor(new RegExp(`What shall ${cluster.master.nodeId} \\(master\\) do\\?`));
      expect(await atMaster.waitFor(/● healthy/)).toContain("3  Create a table");
      await atSlave.waitFor(new RegExp(`What shall ${slave.nodeId} \\(slave\\) do\\?`));
      expect(await atSlave.screen()).toContain("3  Show replicated tables");
    });

    it("1 creates a database, 3 a table, and 3 at a slave shows it", async () => {
      await choose("1", "Create a database", "mydb");
      await atMaster.waitFor(/✓ created database mydb/);
      await choose("3", "Create a table", "mydb", "users", "id INT, name VARCHAR(255)");
      await atMaster.waitFor(/✓ created table mydb\.users/);
      await cluster.waitForSync();
      await atSlave.press("3");
      await atSlave.waitFor(/mydb +users +InnoDB/);
    });

    it("2 lists the databases", async () => {
      await choose("2", "databases");
      await atMaster.waitFor(/▸ +mydb/);
      await atMaster.press("Escape");
      await atMaster.waitFor(/What shall/);
    });

    it("4 inserts and 5 selects", async () => {
      await choose("4", "Insert a row", "mydb", "users", "id=1, name='東京'");
      await atMaster.waitFor(/✓ inserted 1 row into mydb\.users/);
      await choose("5", "Select rows", "mydb", "users", "");
      await atMaster.waitFor(/1 +東京/);
      await atMaster.press("Escape");
      await atMaster.waitFor(/What shall/);
      await cluster.waitForSync();
      expect(await rowsOf(slave, ROWS)).toEqual([{ id: 1, name: "東京" }]);
    });

    it("6 updates and 7 deletes", async () => {
      await choose("6", "Update rows", "mydb", "users", "name='Ada'", "id=1");
      await atMaster.waitFor(/✓ changed 1 rows of mydb\.users/);
      await cluster.waitForSync();
      expect(await rowsOf(slave, ROWS)).toEqual([{ id: 1, name: "Ada" }]);
      await choose("7", "Delete rows", "mydb", "users", "id=1");
      await atMaster.waitFor(/✓ deleted 1 rows of mydb\.users/);
      await cluster.waitForSync();
      expect(await rowsOf(slave, ROWS)).toEqual([]);
    });

    it("8 drops a table and a database only when their name is typed", async () => {
      for (const [what, name] of [
        ["table mydb.users", "users"],
        ["database mydb", "mydb"],
      ] as const) {
        await choose("8", "Drop a table or a database", "mydb", name === "users" ? name : "");
        await atMaster.waitFor(new RegExp(`The ${what} and all rows in it are dropped`));
        await atMaster.enter("other");
        await atMaster.waitFor(new RegExp(`Nothing is done until ${name} is typed\\.`));
        expect(await rowsOf(cluster.master, "SHOW DATABASES LIKE 'mydb'")).toHaveLength(1);
        await atMaster.press("C-u");
        await atMaster.enter(name);
        await atMaster.waitFor(new RegExp(`✓ dropped ${what}`));
      }
      await cluster.waitForSync();
      expect(await rowsOf(slave, "SHOW DATABASES LIKE 'mydb'")).toEqual([]);
    });

    it("9 shows the health", async () => {
      await atMaster.press("9");
      await atMaster.waitFor(/\[8 Health\]/);
    });
  });
}
