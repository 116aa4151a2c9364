// The dashboard on a cluster whose nodes ask for tokens.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { startCluster, type Cluster } from "../src/index.ts";
import { DashboardBundle } from "./dashboard-bundle.ts";
import { TokenFolder } from "./token-file.ts";

const [flavour = "mariadb"] = testFlavours();
const stack = new AsyncDisposableStack();
let cluster: Cluster;
let bundle: DashboardBundle;
let right = "";
let wrong = "";

beforeAll(async () => {
  bundle = stack.use(await DashboardBundle.make());
  const tokens = stack.use(await TokenFolder.open({ all: { rights: ["read", "write", "ddl", "admin"] } }));
  cluster = stack.use(
    await startCluster({
      flavour,
      slaves: 1,
      environment: tokens.environment,
      token: tokens.secret("all"),
    }),
  );
  [right, wrong] = [join(bundle.folder, "right-token"), join(bundle.folder, "wrong-token")];
  await writeFile(right, `${tokens.secret("all")}\n`, { mode: 0o600 });
  await writeFile(wrong, "understudy_nobodys\n", { mode: 0o600 });
});

afterAll(() => stack.disposeAsync());

it("without a token, or with a wrong one, it is a sentence that does not tell the token", async () => {
  const { url } = cluster.firstSlave;
  for (const [args, words] of [
    [[], "asks for a token"],
    [["--token-file", wrong], "refuses the token"],
  ] as const) {
    const { code, stdout, stderr } = await bundle.run("--once", "--node", url, ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^No node answers: ${url} ${words}: [^\\n]+\\n$`));
    expect(stderr).not.toContain("nobodys");
  }
});

it("with a wrong token the screen says so, and it keeps trying", async () => {
  await using terminal = await bundle.open(`${cluster.firstSlave.url} --token-file ${wrong}`, {
    columns: 140,
  });
  await terminal.waitFor(/No node answers, trying again: http:\S+ refuses the token: /);
  await terminal.press("q");
  await terminal.waitFor(/ended with 0\b/);
});

it("with the right token it shows the cluster, its events as they come, and creates a database", async () => {
  await using terminal = await bundle.open(`${cluster.firstSlave.url} --token-file ${right}`);
  await terminal.waitFor(/● healthy/);
  await terminal.press("1");
  await terminal.waitFor(/Create a database/);
  await terminal.enter("mydb");
  await terminal.waitFor(/✓ created database mydb/);
  expect(await bundle.run("--once", "--node", cluster.master.url, "--token-file", right)).toMatchObject({
    code: 0,
    stderr: "",
  });
});
