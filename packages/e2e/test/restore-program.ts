import { execFile } from "node:child_process";
import { join } from "node:path";
import type { Role } from "@understudy/protocol";

const APPS = join(import.meta.dirname, "../../../apps");
/** A restore is bounded by what it restores; only a defect takes so long. */
const RESTORE_MS = 120_000;

/** How a program has ended. */
export interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `restore …` of an app to its end, with nothing but these settings. */
export function runRestore(
  args: readonly string[],
  {
    app = "master",
    environment = {},
  }: { readonly app?: Role; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  const env = { PATH: process.env["PATH"], ...environment };
  return new Promise((done) => {
    const words = [join(APPS, app, "src/main.ts"), "restore", ...args];
    execFile(process.execPath, words, { env, timeout: RESTORE_MS }, (error, stdout, stderr) =>
      done({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
}
