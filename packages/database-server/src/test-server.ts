import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FLAVOURS, type Flavour } from "@understudy/protocol";
import { findDatabaseProgram } from "./database-program.ts";
import { openDatabaseServer, type DatabaseServer } from "./database-server.ts";

/** Settings of a test's server. */
export interface TestServerOptions {
  /** Default 1; servers that replicate from each other need different ones. */
  readonly serverId?: number;
  readonly readOnly?: boolean;
  readonly extraArguments?: readonly string[];
  readonly durability?: "full" | "relaxed";
}

/** The flavours that this run covers: `UNDERSTUDY_TEST_FLAVOURS` (comma-separated), else both. */
export function testFlavours(): readonly Flavour[] {
  const wanted = process.env["UNDERSTUDY_TEST_FLAVOURS"]?.split(",");
  return wanted ? FLAVOURS.filter((flavour) => wanted.includes(flavour)) : FLAVOURS;
}

/** Where data directories for tests are kept from one run to the next; removed with the packages. */
export const TEST_TEMPLATES = join(import.meta.dirname, "../../../node_modules/.cache/understudy-data");

/** A fresh server in a temporary folder, which goes with it on disposal. Throws where the flavour is not on this machine. */
export async function openTestServer(
  flavour: Flavour,
  options: TestServerOptions = {},
): Promise<DatabaseServer> {
  const program = await findDatabaseProgram(flavour);
  if (!program) throw new Error(`no ${flavour} server program on this machine`);
  const directory = await mkdtemp(join(tmpdir(), `understudy-${flavour}-`));
  const server = await openDatabaseServer({
    program,
    directory,
    serverId: 1,
    durability: "relaxed",
    templates: TEST_TEMPLATES,
    ...options,
  });
  const dispose = server[Symbol.asyncDispose].bind(server);
  server[Symbol.asyncDispose] = async () => {
    // what is thrown away need not be shut down in order
    await server.killHard();
    await dispose();
    await rm(directory, { recursive: true, force: true });
  };
  return server;
}
