import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
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

/** How a program is run. */
interface RestoreOptions {
  readonly app?: Role;
  /** Nothing else is set. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A file that is its standard input. */
  readonly input?: string;
}

/** Runs `restore …` of an app to its end. */
export function runRestore(
  args: readonly string[],
  { app = "master", environment = {}, input }: RestoreOptions = {},
): Promise<Ended> {
  const env = { PATH: process.env["PATH"], ...environment };
  return new Promise((done) => {
    const words = [join(APPS, app, "src/main.ts"), "restore", ...args];
    const program = execFile(process.execPath, words, { env, timeout: RESTORE_MS }, (error, stdout, stderr) =>
      done({ code: error ? error.code : 0, stdout, stderr }),
    );
    if (input !== undefined && program.stdin) {
      // one that refuses what it reads leaves the rest
      program.stdin.on("error", () => undefined);
      createReadStream(input).pipe(program.stdin);
    }
  });
}
