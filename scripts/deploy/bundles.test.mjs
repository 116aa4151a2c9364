import { execFile } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ROOT } from "./manifests.mjs";

/** @typedef {{ code: unknown, stdout: string, stderr: string }} Ran */

/** @type {string} */
let folder;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "understudy-bundle-"));
});
afterAll(() => rm(folder, { recursive: true }));

/**
 * Runs a program with nothing in its environment, in the folder of the bundles, which has no packages around it.
 * @param {string} app
 * @param {readonly string[]} args
 * @returns {Promise<Ran>}
 */
function runBundle(app, args) {
  const options = { cwd: join(folder, app), env: {}, timeout: 30_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, ["main.mjs", ...args], options, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

/**
 * In a run of all tests those of the nodes have been built for other tests already.
 * @param {string} app
 */
async function build(app) {
  const built = process.env["UNDERSTUDY_TEST_BUNDLES"];
  if (built && app !== "dashboard") {
    await cp(join(built, app), join(folder, app), { recursive: true });
    return;
  }
  const program = join(ROOT, "apps", app, "node_modules", ".bin", "tsdown");
  const options = { cwd: join(ROOT, "apps", app), timeout: 240_000 };
  await new Promise((resolve, reject) => {
    execFile(program, ["--out-dir", join(folder, app), "--silent"], options, (error, stdout, stderr) =>
      error ? reject(new Error(`${stdout}${stderr}`, { cause: error })) : resolve(null),
    );
  });
}

it.each(["master", "slave"])("the bundle of %s runs alone", { timeout: 300_000 }, async (app) => {
  await build(app);
  const { code, stderr } = await runBundle(app, []);
  expect(stderr).toContain("UNDERSTUDY_DATABASE_URL is required");
  expect(stderr).toMatch(/^understudy [^]*\(config-invalid\)\n$/);
  expect(code).toBe(78);
});

it("the bundle of the dashboard runs alone", { timeout: 300_000 }, async () => {
  await build("dashboard");
  const help = await runBundle("dashboard", ["--help"]);
  expect(help.stdout).toContain("usage: dashboard");
  expect(help.code).toBe(0);
  const once = await runBundle("dashboard", ["--once", "--node", "http://127.0.0.1:1"]);
  expect(once.stdout + once.stderr).toContain("No node answers");
  expect(once.code).toBe(2);
});
