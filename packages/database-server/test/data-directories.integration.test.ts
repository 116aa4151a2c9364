import { mkdtemp, rm } from "node:fs/promises";
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
  it(`initialises several ${flavour} data directories at once, each with an identity of its own`, async () => {
    await using stack = new AsyncDisposableStack();
    const program = await findDatabaseProgram(flavour);
    if (!program) throw new Error(`no ${flavour} server program on this machine`);
    const folder = await mkdtemp(join(tmpdir(), "understudy-data-directories-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const directories = ["a", "b"].map((name) => join(folder, name));
    const data = directories.map((directory) => join(directory, "data"));
    expect(await ensureDataDirectories(program, data)).toBe(true);
    expect(await ensureDataDirectories(program, data)).toBe(false);

    const identities = new Set<unknown>();
    for (const directory of directories) {
      const server = stack.use(
        await openDatabaseServer({ program, directory, serverId: 1, durability: "relaxed" }),
      );
      await using connection = await createConnection(server.url);
      const [[row]] = await connection.query<never[]>(
        flavour === "mysql" ? "SELECT @@server_uuid AS id" : "SELECT @@datadir AS id",
      );
      identities.add(row?.["id"]);
    }
    expect(identities.size).toBe(2);
  });
}
