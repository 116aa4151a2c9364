import { testFlavours } from "@understudy/database-server";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openSandbox, type RealCluster } from "./open-sandbox.ts";
import { KEYS, openScene } from "./scene.tsx";

const CTRL = { s: "\u0013", k: "\u000B", u: "\u0015", o: "\u000F", a: "\u0001" } as const;

describe.each(testFlavours())("a master and a slave on %s", (flavour) => {
  let cluster: RealCluster;
  const scenes: { unmount: () => void }[] = [];

  beforeAll(async () => {
    cluster = await openSandbox(flavour);
  });

  afterAll(async () => {
    for (const scene of scenes) scene.unmount();
    await cluster[Symbol.asyncDispose]();
  });

  async function openView(startView: string, isReadOnly = false) {
    const scene = await openScene({ startView, node: cluster.slaveUrl, isReadOnly });
    scenes.push(scene.app);
    await scene.resize(100, 30);
    const shows = (text: string | RegExp) =>
      vi.waitFor(() => expect(scene.text()).toMatch(text), { timeout: 40_000, interval: 50 });
    await shows("node2");
    return { ...scene, shows };
  }

  test("on a slave's dashboard a table is made, and rows are inserted, changed, filtered, paged and deleted", async () => {
    const { press, shows, text } = await openView("data");
    await press("c", "shop", KEYS.enter);
    await shows(/▸ shop/);
    await press(KEYS.enter, "c");
    await shows("Create a table");
    const columns = "id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, name VARCHAR(255), pic BLOB";
    await press("users", KEYS.enter, columns, KEYS.enter);
    await shows(/▸ users .* yes/);
    await press(KEYS.enter);
    await shows(/‹id› name +pic/);
    expect(text()).toContain("no rows");
    await press("i", "18446744073709551614", KEYS.enter, "東京 🚀", KEYS.enter, "0x00ff", KEYS.enter);
    await shows(/18446744073709551614 東京 🚀 +2 B 0x00ff/);
    expect(text()).toMatch(/node2's own rows \(slave\), .* behind · at /);

    await press("e");
    await shows("Edit id=18446744073709551614");
    await press(KEYS.tab, CTRL.a, CTRL.k, "''", CTRL.s);
    await shows(/18446744073709551614 '' /);
    await press("e", KEYS.tab, CTRL.a, CTRL.k, "NULL", CTRL.s);
    await shows(/18446744073709551614 NULL /);

    await press("/", "id=1 or nope=2", KEYS.enter);
    await shows("unknown-column: Unknown column 'nope'");
    await press(CTRL.u, "name != null", KEYS.enter);
    await shows("no row fits the filter");
    await press("/", CTRL.u, KEYS.enter);
    await shows(/18446744073709551614 NULL /);

    await press("d", "users", KEYS.enter);
    await shows("deleted the row");
    await shows("no rows");
  });

  test("statements run with who answered them, at what position, and what went wrong where", async () => {
    const { press, shows, text, settings } = await openView("sql");
    const run = (sql: string) => press(CTRL.a, CTRL.k, `${sql};`, KEYS.enter);
    await run("create database if not exists sqlview");
    await shows("✓ 1 row changed");
    await press(CTRL.o);
    await shows("How statements are run");
    await press("sqlview", KEYS.tab, "   ", CTRL.s);
    await shows("sqlview · own writes · ack default");
    await run("create table t (id int primary key, name varchar(9))");
    await shows(/0 rows changed.*at /);
    await run("insert into t values (1, 'a'), (2, null)");
    await shows("2 rows changed");
    await run("select * from t order by id");
    await shows(/2 rows · from node2 \(slave\).* at /);
    expect(text()).toMatch(/1 a *\n +2 NULL/);
    await run("select * fro t");
    await shows(/line 1, column 10: sql-syntax:/);
    expect(text()).toContain("select * ▏fro t;");
    await press("\u0005");
    await press(CTRL.u);
    await run("delete from t");
    await shows("It has no WHERE: every row is deleted");
    await press("t", KEYS.enter);
    await shows("✓ 2 rows changed");
    await run(" select 'secret'");
    await shows(/✓ 1 row · from node2/);
    await run("drop database sqlview");
    await shows("Type sqlview and press Enter");
    await press("sqlview", KEYS.enter);
    await shows("✓ 1 row changed");
    expect(settings.history()).toContain("select * from t order by id;");
    expect(settings.history().join()).not.toContain("secret");
  });

  test("--read-only runs queries alone", async () => {
    const { press, shows } = await openView("sql", true);
    await press("create database nothing;", KEYS.enter);
    await shows("CREATE is no query, and --read-only allows nothing else");
    await press(CTRL.u, "select 41 + 1 as answer;", KEYS.enter);
    await shows(/✓ 1 row · from node2/);
    await shows(/\n +42/);
  });
});
