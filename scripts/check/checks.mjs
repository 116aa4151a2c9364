import { spawn } from "node:child_process";
import { delimiter, dirname, join } from "node:path";

/**
 * @typedef {object} Check
 * @property {string} name What `pnpm check` calls it.
 * @property {readonly string[]} command A program of `node_modules/.bin` (or `node`) and its arguments.
 *
 * @typedef {object} CheckResult
 * @property {boolean} ok
 * @property {string} output Everything that the program wrote.
 * @property {number} seconds
 */

/** Everything that must hold for a commit, besides the tests. @type {readonly Check[]} */
export const CHECKS = [
  { name: "types", command: ["tsc", "-p", "tsconfig.json"] },
  { name: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "format", command: ["prettier", "--check", "--log-level=warn", "."] },
  { name: "boundaries", command: ["turbo", "boundaries", "--no-color"] },
  { name: "unused code", command: ["knip", "--no-progress"] },
  { name: "dependency versions", command: ["sherif", "--fail-on-warnings"] },
  { name: "generated docs", command: ["node", "scripts/generate-docs.ts", "--check"] },
];

/** A check that hangs is a failed check. */
const TIMEOUT_MS = 300_000;

/**
 * Runs one check in `directory` on the Node program `node`. Never rejects: a program that cannot be started is a failure
 * with its reason as the output.
 * @param {Check} check
 * @param {{ directory: string, node: string }} options
 * @returns {Promise<CheckResult>}
 */
export function runCheck(check, { directory, node }) {
  const [program, ...args] = check.command;
  const startedAt = performance.now();
  const folders = [dirname(node), join(directory, "node_modules", ".bin"), process.env.PATH ?? ""];
  const child = spawn(program, args, {
    cwd: directory,
    env: {
      ...process.env,
      PATH: folders.join(delimiter),
      NO_COLOR: "1",
      // what starts us may ask for colours, and that would win
      FORCE_COLOR: undefined,
      TURBO_TELEMETRY_DISABLED: "1",
    },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: TIMEOUT_MS,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  }
  return new Promise((resolve) => {
    const end = (ok, more = "") =>
      resolve({ ok, output: output + more, seconds: (performance.now() - startedAt) / 1000 });
    child.once("error", (error) => end(false, `${program} could not be started: ${error.message}\n`));
    child.once("close", (code, signal) => end(code === 0, signal ? `\nended by ${signal}\n` : ""));
  });
}
