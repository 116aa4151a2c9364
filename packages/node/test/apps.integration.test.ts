import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { ROLES, type Role } from "@understudy/protocol";
import { describe, expect, it } from "vitest";
import { readConfig } from "../src/config/node-config.ts";

const APPS = join(import.meta.dirname, "../../../apps");
const SECRET = "secret-word";
const ENVIRONMENT = {
  UNDERSTUDY_DATABASE_URL: `mysql://root:${SECRET}@127.0.0.1:3306`,
  UNDERSTUDY_MASTER_URL: "http://a:1",
};

interface Ended {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an app to its end. */
function runApp(
  app: Role,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Ended> {
  return new Promise((done) => {
    const env = { PATH: process.env["PATH"], ...environment };
    execFile(process.execPath, [join(APPS, app, "src/main.ts"), ...args], { env }, (error, stdout, stderr) =>
      done({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
}

describe.each(ROLES)("apps/%s", (app) => {
  it("has an example of its settings that is usable, and whose comments are the defaults", async () => {
    const text = await readFile(join(APPS, app, ".env.example"), "utf8");
    const given = parseEnv(text) as Record<string, string>;
    const config = readConfig(given, app);
    const everything = parseEnv(text.replaceAll(/^# (?=UNDERSTUDY_[A-Z_]+=)/gm, "")) as Record<
      string,
      string
    >;
    expect(Object.keys(everything).length).toBeGreaterThan(Object.keys(given).length + 20);
    expect(readConfig(everything, app)).toEqual(config);
  });
});

describe("an app's options", () => {
  const app = "slave";

  it("checks its configuration without starting: 0 and every setting, or 78 and every problem", async () => {
    const good = await runApp(app, ["--check-config"], ENVIRONMENT);
    expect(good).toMatchObject({ code: 0, stderr: "" });
    expect(good.stdout).toMatch(/^UNDERSTUDY_DATABASE_URL +\[redacted\] +environment$/m);
    const bad = await runApp(app, ["--check-config"], {
      ...ENVIRONMENT,
      UNDERSTUDY_PORT: "x",
      UNDERSTUDY_COLOUR: "y",
    });
    expect(bad).toMatchObject({ code: 78, stdout: "" });
    expect(bad.stderr).toMatch(/UNDERSTUDY_COLOUR[^]*UNDERSTUDY_PORT/);
    expect(good.stdout + bad.stderr).not.toContain(SECRET);
  });

  it("refuses to start with the same code, and explains itself", async () => {
    const ends = await Promise.all([
      runApp(app, [], { UNDERSTUDY_PORT: "x" }),
      runApp(app, ["--config", "/nonexistent.yaml"], ENVIRONMENT),
      runApp(app, ["--wrong"], ENVIRONMENT),
      runApp(app, ["--version"], {}),
      runApp(app, ["--help"], {}),
    ]);
    expect(ends.map(({ code }) => code)).toEqual([78, 78, 2, 0, 0]);
    expect(ends[1]?.stderr).toContain("/nonexistent.yaml");
    expect(ends[3]?.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(ends[4]?.stdout).toContain("--check-config");
  });
});
