import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { expect, it } from "vitest";
import {
  ensureDataDirectories,
  findDatabaseProgram,
  openDatabaseServer,
  testFlavours,
} from "../src/index.ts";

for (const flavour of testFlavours()) {
  it(`makes one template of ${flavour} data directories, also for two that want it at once`, async () => {
    await using stack = new AsyncDisposableStack();
    const program = await findDatabaseProgram(flavour);
    if (!program) throw new Error(`no ${flavour} server program on this machine`);
    const folder = await mkdtemp(join(tmpdir(), "understudy-data-template-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const templates = join(folder, "templates");
    const directories = ["a", "b"].map((name) => join(folder, name));
    await Promise.all(
      directories.map((directory) =>
        ensureDataDirectories(program, [join(directory, "data")], { templates }),
      ),
    );
    const names = await readdir(templates);
    expect(names).toEqual([expect.stringContaining(`${flavour}-${program.version}`)]);

    // servers run on the copies, each with an identity of its own, and leave the template as it was
    const tables = join(templates, names[0] ?? "", flavour === "mysql" ? "mysql.ibd" : "ibdata1");
    const before = await readFile(tables);
    const identities = new Set<unknown>();
    for (const directory of directories) {
      const server = stack.use(
        await openDatabaseServer({ program, directory, serverId: 1, durability: "relaxed", templates }),
      );
      await using connection = await createConnection(server.url);
      const [[row]] = await connection.query<never[]>(
        flavour === "mysql" ? "SELECT @@server_uuid AS id" : "SELECT @@datadir AS id",
      );
      identities.add(row?.["id"]);
      await connection.query("CREATE DATABASE shop");
      await server.killHard();
    }
    expect(identities.size).toBe(2);
    expect(before.equals(await readFile(tables))).toBe(true);
  });
}
