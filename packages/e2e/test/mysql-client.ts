import { spawn } from "node:child_process";
import { once } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ClusterNode } from "../src/index.ts";

/** Either speaks to both flavours; the first that is there counts. */
const PROGRAMS = ["mariadb", "mysql"];
const TIMEOUT_MS = 120_000;

const HOW_TO_GET =
  "no mysql client is on the PATH (neither `mariadb` nor `mysql`): install one, with `apt-get install mariadb-client` on Debian and Ubuntu or `brew install mariadb` on macOS";

/**
 * Runs a plain mysql client as root against a node's database server, with `statements` as its standard input, and gives
 * what it prints. Throws with the client's own words where it fails, and with advice where there is none on this machine.
 */
export async function runMysqlClient(node: ClusterNode, statements: Iterable<string>): Promise<string> {
  for (const program of PROGRAMS) {
    const output = await run(program, node, statements);
    if (output !== null) return output;
  }
  throw new Error(HOW_TO_GET);
}

/** Null where there is no such program. */
async function run(
  program: string,
  { database }: ClusterNode,
  statements: Iterable<string>,
): Promise<string | null> {
  const child = spawn(
    program,
    [
      "--no-defaults",
      "--protocol=tcp",
      `--host=${database.host}`,
      `--port=${database.port}`,
      `--user=${database.user}`,
      "--default-character-set=utf8mb4",
      "--max-allowed-packet=256M",
      "--batch",
      "--skip-column-names",
    ],
    { env: { ...process.env, MYSQL_PWD: database.password }, timeout: TIMEOUT_MS },
  );
  const words: string[] = [];
  const output: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => output.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => words.push(text));
  const ended = once(child, "close");
  // what ends the writing early is told by the client itself
  const writing = pipeline(Readable.from(statements), child.stdin).catch(() => undefined);
  try {
    const [code, signal] = await ended;
    await writing;
    if (code === 0) return output.join("");
    throw new Error(`${program} ended with ${signal ?? `code ${code}`}: ${words.join("").trim()}`);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
