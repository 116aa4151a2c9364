import { askNode24, sourceUrl } from "./ask-node-24.mjs";

/**
 * The kinds of database servers on this machine, found by the very code that starts them later. Call it after `ensurePackages`.
 *
 * @returns {("mariadb" | "mysql")[]}
 */
export function installedFlavours() {
  return askNode24(`
    import { findDatabaseProgram } from ${sourceUrl("packages/database-server/src/database-program.ts")};
    const found = [];
    for (const flavour of ["mariadb", "mysql"]) if (await findDatabaseProgram(flavour)) found.push(flavour);
    console.log(JSON.stringify(found));
  `);
}
