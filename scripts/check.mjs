// `pnpm check`: everything that must hold for a commit besides the tests. People and CI run this same command.
// Starts under the machine's Node (20 or later); the checks themselves run on Node 24.
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { CHECKS, runCheck } from "./check/checks.mjs";
import { node24Path } from "./setup/node-24.mjs";

const directory = dirname(dirname(fileURLToPath(import.meta.url)));
const node = node24Path();
const waiting = [...CHECKS];
const failures = [];

/** Takes one check after another until none is left. */
async function work() {
  for (let check = waiting.shift(); check; check = waiting.shift()) {
    const result = await runCheck(check, { directory, node });
    console.log(
      `${result.ok ? "ok    " : "FAILED"}  ${check.name.padEnd(20)} ${result.seconds.toFixed(1).padStart(6)} s`,
    );
    if (!result.ok) failures.push({ check, result });
  }
}

await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work));

for (const { check, result } of failures) {
  console.log(`\n──── ${check.name}: ${check.command.join(" ")}\n${result.output.trimEnd()}`);
}
if (failures.length > 0) {
  console.log(`\n${failures.length} of ${CHECKS.length} checks failed`);
  process.exitCode = 1;
} else {
  console.log(`all ${CHECKS.length} checks passed`);
}
