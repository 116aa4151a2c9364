// Nodes die under the hands of somebody who is filling in a form.
import { afterAll, beforeAll, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, startCluster, type Cluster, type ClusterNode, type Terminal } from "../src/index.ts";
import { DashboardBundle } from "./dashboard-bundle.ts";

/** What is on the screen while a form's last field is written to. */
const HALF_A_ROW = /record +id=1, name='half▏/;

const [flavour = "mariadb"] = testFlavours();
const stack = new AsyncDisposableStack();
let cluster: Cluster;
let first: ClusterNode;
let terminal: Terminal;

beforeAll(async () => {
  const bundle = stack.use(await DashboardBundle.make());
  cluster = stack.use(await startCluster({ flavour, slaves: 2, etcd: 1 }));
  first = cluster.firstSlave;
  terminal = stack.use(await bundle.open(first.url, { columns: 120 }));
  await cluster.master.post("/createdb", { name: "mydb" });
  const columns = "id INT PRIMARY KEY, name VARCHAR(255)";
  for (const table of ["users", "people"]) {
    await cluster.master.post("/createtable", { database: "mydb", table, columns });
  }
});

afterAll(() => stack.disposeAsync());

/** Which node the screen says that it is attached to. */
async function expectAttachedTo(node: ClusterNode): Promise<void> {
  await terminal.waitFor(new RegExp(`seen from ${node.nodeId}`));
}

it("moves on when its node is killed, says so, and keeps what was being typed", async () => {
  await expectAttachedTo(first);
  await terminal.press("4");
  await terminal.waitFor(/Insert a row/);
  for (const answer of ["mydb", "users"]) await terminal.enter(answer);
  await terminal.type("id=1, name='half");
  await terminal.waitFor(HALF_A_ROW);
  await first.killHard();
  const screen = await terminal.waitFor(/moved to http:\S+, since http:\S+/);
  expect(screen).toContain(`since ${first.url} `);
  expect(screen).toMatch(HALF_A_ROW);
  // What is typed while and after it moves is not lost either.
  await terminal.type(" typed'");
  await terminal.waitFor(/name='half typed'▏/);
  await terminal.press("Enter");
  await terminal.waitFor(/✓ inserted 1 row into mydb\.users/);
});

it("shows the next master when the master is killed, and keeps what was being typed", async () => {
  await first.start();
  await cluster.waitUntilReplicating();
  const epoch = BigInt(String((await cluster.master.get("/ping")).body["epoch"]));
  await terminal.press("4");
  await terminal.waitFor(/Insert a row/);
  for (const answer of ["mydb", "people"]) await terminal.enter(answer);
  await terminal.type("id=1, name='half");
  await terminal.waitFor(HALF_A_ROW);
  await cluster.master.killHard();
  const next = await cluster.waitForLeader(cluster.others(cluster.master), epoch);
  const screen = await terminal.waitFor(new RegExp(`master ${next.nodeId} http`));
  expect(screen).toMatch(HALF_A_ROW);
  await terminal.waitFor(/! degraded/);
  await terminal.type(" typed'");
  await terminal.waitFor(/name='half typed'▏/);
  await terminal.press("Enter");
  await terminal.waitFor(/✓ inserted 1 row into mydb\.people/);
  const rows = await rowsOf(next, "SELECT id, name FROM mydb.people");
  expect(rows).toEqual([{ id: 1, name: "half typed" }]);
});
