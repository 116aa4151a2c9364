import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const SANDBOX = new URL("../../../packages/sandbox/src/index.ts", import.meta.url).href;

/** What runs beside the test: the program of `npm start` takes fixed ports only. Ends with its input. */
const PROGRAM = `
  import { openSandbox, waitUntilReplicating } from ${JSON.stringify(SANDBOX)};
  const [directory, flavour] = process.argv.slice(1);
  const sandbox = await openSandbox({
    directory, flavour, slaves: 1, port: 0, etcd: 0, durability: "relaxed", supervise: false,
  });
  await waitUntilReplicating(sandbox, {});
  console.log(JSON.stringify(sandbox.nodes.map(({ role, url }) => ({ role, url }))));
  process.stdin.resume().once("end", async () => {
    await sandbox[Symbol.asyncDispose]();
    process.exit();
  });
`;

/** A real cluster of a master and a slave, in processes of its own. */
export interface RealCluster extends AsyncDisposable {
  readonly masterUrl: string;
  readonly slaveUrl: string;
}

/** Starts a sandbox in a temporary folder on free ports, and resolves when it replicates. */
export async function openSandbox(flavour: string): Promise<RealCluster> {
  const directory = await mkdtemp(join(tmpdir(), "understudy-dashboard-"));
  const program = ["--input-type=module", "--eval", PROGRAM, directory, flavour];
  const child = spawn(process.execPath, program, { stdio: ["pipe", "pipe", "pipe"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (told += text));
  const dispose = async (): Promise<void> => {
    child.stdin.end();
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const nodes = JSON.parse(line) as readonly { role: string; url: string }[];
    const urlOf = (role: string): string => nodes.find((node) => node.role === role)?.url ?? "";
    return { masterUrl: urlOf("master"), slaveUrl: urlOf("slave"), [Symbol.asyncDispose]: dispose };
  }
  await dispose();
  throw new Error(`the sandbox did not start: ${told}`);
}
