import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { node24Path } from "./node-24.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const finder = join(root, "packages", "database-server", "src", "database-program.ts");

/**
 * The kinds of database servers on this machine, found by the very code that starts them later (it is TypeScript, so it
 * runs in a Node 24 of its own). Call it after `ensurePackages`.
 *
 * @returns {("mariadb" | "mysql")[]}
 */
export function installedFlavours() {
  const program = `
    import { findDatabaseProgram } from ${JSON.stringify(pathToFileURL(finder).href)};
    const found = [];
    for (const flavour of ["mariadb", "mysql"]) if (await findDatabaseProgram(flavour)) found.push(flavour);
    console.log(JSON.stringify(found));
  `;
  const result = spawnSync(node24Path(), ["--input-type=module", "--eval", program], {
    cwd: root,
    encoding: "utf8",
    timeout: 60_000,
  });
  if (result.status !== 0)
    throw new Error(`looking for database servers failed: ${result.stderr || result.error}`);
  return JSON.parse(result.stdout);
}
