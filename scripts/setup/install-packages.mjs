import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const lockfile = join(root, "pnpm-lock.yaml");
/** Holds the digest of the lockfile that was installed last. Contents are compared, since a checkout changes file times. */
const marker = join(root, "node_modules", ".understudy-install");
/** pnpm's own copy of the lockfile that it installed: an installation by hand counts as well. */
const installedLockfile = join(root, "node_modules", ".pnpm", "lock.yaml");

const PNPM = "pnpm@12.21.0";
const TAIL_LINES = 15;

/**
 * Installs the packages of the lockfile where they are missing or of another lockfile; does nothing otherwise. `log` gets
 * one line when it begins and one when it is done. Throws an Error with one sentence and the end of the installer's output.
 *
 * @param {{log: (line: string) => void}} options
 * @returns {Promise<void>}
 */
export async function ensurePackages({ log }) {
  const wanted = digestOf(lockfile);
  if (wanted === null) throw new Error(`${lockfile} is missing, so this is not a whole checkout`);
  if (readText(marker)?.trim() === wanted || digestOf(installedLockfile) === wanted) return;

  log("installing packages (once, about half a minute) …");
  const startedMs = performance.now();
  const logFile = join(tmpdir(), `understudy-install-${process.pid}.log`);
  const code = await runLogged(logFile, "npx", ["-y", PNPM, "install", "--frozen-lockfile"]);
  if (code !== 0) {
    const tail = (readText(logFile) ?? "").trim().split("\n").slice(-TAIL_LINES).join("\n");
    throw new Error(`installing the packages failed (whole output: ${logFile}):\n${tail}`);
  }
  rmSync(logFile, { force: true });
  writeFileSync(marker, `${wanted}\n`);
  log(`packages installed in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
}

/** Runs a program with its output in a file; resolves with its exit code, null where it could not be started. */
async function runLogged(logFile, program, programArguments) {
  const output = openSync(logFile, "w");
  try {
    return await new Promise((resolve) => {
      const child = spawn(program, programArguments, {
        cwd: root,
        stdio: ["ignore", output, output],
        // without a terminal pnpm asks nothing only where it believes to be in CI
        env: { ...process.env, CI: "true" },
      });
      child.once("error", () => resolve(null));
      child.once("exit", (exitCode) => resolve(exitCode));
    });
  } finally {
    closeSync(output);
  }
}

function digestOf(path) {
  const text = readText(path);
  return text === null ? null : createHash("sha256").update(text).digest("hex");
}

function readText(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
